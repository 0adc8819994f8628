"""The lab server of a study for as long as a command needs it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from aarlab.api.client import Operator
    from aarlab.paths import StudyPaths

T = TypeVar("T")
INTERRUPTED = 130


@contextmanager
def serving(paths: "StudyPaths", *, stop: Callable[[], bool] = lambda: False) -> Iterator[bool]:
    """Inside, the study's lab is open: that of the running fleet, or (True) one that is started and ended here.

    Ends the command when `stop` says so while it starts.
    """
    from aarlab.fleet.engine.local import LocalEngine
    from aarlab.fleet.server import LabServer
    from aarlab.fleet.study import hold, running

    if running(paths) is not None:
        yield False
        return
    with hold(paths):
        paths.logs.mkdir(exist_ok=True)
        server = LabServer(paths, LocalEngine(), restarts=0)
        try:
            if not server.start(stop=stop):
                raise typer.Exit(INTERRUPTED)
            yield True
        finally:
            server.stop()


def ask(paths: "StudyPaths", question: "Callable[[Operator], T]") -> T:
    """What the operator's door answers, the lab opened where nobody has. Raises UserError where the lab refuses."""
    from aarlab.api.client import Operator
    from aarlab.errors import ResearcherError, UserError

    try:
        with serving(paths), Operator(paths.operator_socket) as operator:
            return question(operator)
    except ResearcherError as error:
        raise UserError(f"refused by the lab: {error}") from None
