"""Building a study's problem before anything of the study is written: bad data ends here, with one line."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from aarlab.cli.output import console, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress, TaskID

    from aarlab.problem.contract import Problem
    from aarlab.settings import StudyConfig

PLAIN_SECONDS = 5.0
"""In a pipe, how often progress is told."""


def build_problem(config: "StudyConfig", *, source: str, quiet: bool = False) -> "Problem":
    """Loads the data of a study, computing its features if they are not cached, for its protocol. Raises UserError."""
    from aarlab.problem.protocols import under_protocol

    with ProgressLine(quiet=quiet) as progress:
        return under_protocol(problem_of(config, progress, source=source), config)


def problem_of(config: "StudyConfig", progress: "ProgressLine", *, source: str) -> "Problem":
    """The problem of these settings, whatever the study's protocol. Raises UserError on data that it refuses."""
    from aarlab.paths import cache_folder
    from aarlab.problem.registry import load

    return load(config.problem.kind, config.problem.own(), cache=cache_folder(), progress=progress, source=source)


class ProgressLine:
    """A progress bar on a terminal, a line now and then in a pipe. Implements aarlab.problem.contract.Progress."""

    def __init__(self, *, quiet: bool) -> None:
        """`quiet` shows nothing."""
        self._quiet = quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._said_at = 0.0

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int, what: str, /) -> None:
        """Shows how far something is."""
        if self._quiet:
            return
        if sys.stdout.isatty():
            self._show(done, total, what)
        elif done >= total or time.monotonic() - self._said_at > PLAIN_SECONDS:
            self._said_at = time.monotonic()
            say(f"{what}: {100 * done // max(total, 1)} %")

    def counting(self, what: str) -> "Callable[[int, int], None]":
        """The same for work that has one name from its beginning to its end."""
        return lambda done, total: self(done, total, what)

    def _show(self, done: int, total: int, what: str) -> None:
        from rich.progress import Progress

        if self._bar is None or self._task is None:
            self._bar = Progress(console=console(), transient=True)
            self._task = self._bar.add_task(what, total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total, description=what)
