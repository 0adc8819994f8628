"""aarlab final: the finalists of a study, the one opening of its final set, and what it showed."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from collections.abc import Callable

    from aarlab.lab.state import State
    from aarlab.paths import StudyPaths
    from aarlab.wire import FinalState

WAIT_SECONDS = 3600.0
"""How long to wait for the results of the opening."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(final)


def final(
    submissions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SUBMISSION]...", help="Verified submissions, the finalists.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Open the final set without being asked.")] = False,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Names the finalists and opens the final set, once for ever; the study is closed then. Shows the results later."""
    from aarlab.cli import output
    from aarlab.cli.study import locate, read_state
    from aarlab.lab.views import final as view

    paths = locate(study)
    state = read_state(paths)
    seen = view(state)
    if submissions or seen.phase != "opened":
        seen = _open(paths, [_submission(state, name) for name in submissions or ()], yes=yes, quiet=as_json)
    output.emit(seen, as_json=as_json, render=lambda: _show(seen))


def _show(seen: "FinalState") -> None:
    from aarlab.cli import output, views

    output.show(views.final_table(seen))
    output.say(seen.words)


def _open(paths: "StudyPaths", finalists: list[str], *, yes: bool, quiet: bool) -> "FinalState":
    """Through the lab's door, which decides. An opening that was cut short is only waited for."""
    from aarlab.api.client import Operator
    from aarlab.cli.serving import serving
    from aarlab.errors import UserError
    from aarlab.fleet.study import running
    from aarlab.wire import FinalRequest

    if running(paths) is not None:
        raise UserError("a fleet is at work on this study; `aarlab stop` first: the final set ends a study")
    with serving(paths), Operator(paths.operator_socket) as operator:
        if finalists:
            operator.name_finalists(FinalRequest(submissions=tuple(finalists)))
        if operator.final().phase == "named":
            _confirm(operator.final(), yes=yes)
        if operator.final().phase != "opening":
            operator.open_final()
        return _wait(operator.final, quiet=quiet)


def _confirm(seen: "FinalState", *, yes: bool) -> None:
    import sys

    from aarlab.errors import UserError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("the final set is opened once for ever; say that you mean it: --yes")
    question = f"Open the final set for {', '.join(seen.finalists)}? It cannot be undone, and the study is closed then."
    if not typer.confirm(question):
        raise UserError("nothing was opened; the finalists are named, and may be named anew")


def _wait(look: "Callable[[], FinalState]", *, quiet: bool) -> "FinalState":
    from aarlab.cli.output import say
    from aarlab.errors import OperatorError

    if not quiet:
        say("aarlab: the final set is being opened")
    deadline = time.monotonic() + WAIT_SECONDS
    while (seen := look()).phase != "opened":
        if time.monotonic() > deadline:
            raise OperatorError("the results take long; `aarlab final` shows them when they are there")
        time.sleep(0.2)
    return seen


def _submission(state: "State", name: str) -> str:
    """The verified submission whose id begins so. Raises UserError."""
    from aarlab.errors import UserError

    found = [entry.id for entry in state.submissions.values() if entry.door == "verify" and entry.id.startswith(name)]
    if len(found) != 1:
        raise UserError(f"{name}: {len(found)} verified submissions have an id that begins so; `aarlab board` has them")
    return found[0]
