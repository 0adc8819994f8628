"""The live view of a fleet: a screen on a terminal, lines in a pipe. Both follow the ledger itself."""

import sys
import time
from collections import deque
from types import TracebackType
from typing import Any

from aarlab.cli import views
from aarlab.cli.news import news
from aarlab.cli.output import clean, console, say
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.wire import Board, StudyState

RECENT = 8
"""News on the screen."""
TOP = 5
"""Verified methods on the screen."""
PLAIN_SECONDS = 15.0
"""In a pipe, how often the status is repeated."""


class LiveView:
    """Shows what a fleet does. A context manager; `update` is called with every new state."""

    def __init__(self, paths: StudyPaths) -> None:
        """Shows nothing yet."""
        self._paths = paths
        self._state = State()
        self._news: deque[str] = deque(maxlen=RECENT)
        self._stage = "starting the lab"
        self._said_at = time.monotonic()
        self._live: Any = None
        self._seen: tuple[StudyState, Board] | None = None

    def __enter__(self) -> "LiveView":
        self._follow(tell=False)  # what an earlier session did is no news
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(console=console(), get_renderable=self._screen, refresh_per_second=4, transient=True)
            self._live.start()
        else:
            say(f"{views.clock(self._state.clock.seconds())} {self._stage}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def stage(self, text: str) -> None:
        """What goes on before there is a state, or while it ends."""
        if text != self._stage and self._live is None:
            say(f"{views.clock(self._state.clock.seconds())} {text}")
        self._stage = text

    def update(self, state: StudyState, board: Board) -> None:
        """Takes in what the lab shows and what is new in the ledger."""
        self._follow()
        self._seen = state, board
        self._stage = views.status_line(state)
        if self._live is None and time.monotonic() - self._said_at > PLAIN_SECONDS:
            self._said_at = time.monotonic()
            say(f"{views.clock(state.active_seconds)} {self._stage}")

    def _follow(self, *, tell: bool = True) -> None:
        if not self._paths.database.is_file():
            return
        for event in read_events(self._paths.database, after=self._state.seq):
            self._state.apply(event)
            line = news(event, self._state)
            if line and tell:
                self._tell(f"{views.clock(self._state.clock.seconds())} {clean(line)}")

    def _tell(self, line: str) -> None:
        self._news.append(line)
        if self._live is None:
            say(line)

    def _screen(self) -> Any:
        from rich.console import Group
        from rich.spinner import Spinner
        from rich.text import Text

        parts: list[Any] = [Spinner("dots", text=Text(self._stage))]
        if self._seen is not None:
            state, board = self._seen
            parts += ["", views.researchers_table(state), "", views.board_table(_top(board))]
        if self._news:
            parts += [
                "",
                Text("News", style="bold"),
                *(Text(line, no_wrap=True, overflow="ellipsis") for line in self._news),
            ]
        return Group(*parts, "", Text("Ctrl-C stops; `aarlab resume` goes on.", style="dim"))


def _top(board: Board) -> Board:
    best = [row for row in board.rows if row.rank is not None and not row.apart][:TOP]
    return board.model_copy(update={"rows": (*best, *(row for row in board.rows if row.kind == "mark"))})
