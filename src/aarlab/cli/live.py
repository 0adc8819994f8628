"""The live view of a fleet: a screen on a terminal, lines in a pipe. Both follow the ledger itself."""

import sys
import time
from collections import deque
from types import TracebackType
from typing import Any

from aarlab.cli import views
from aarlab.cli.news import news
from aarlab.cli.output import clean, console, say
from aarlab.lab.board import board
from aarlab.lab.follower import Follower
from aarlab.lab.views import study
from aarlab.paths import StudyPaths
from aarlab.wire import Board, StudyState

RECENT = 8
"""News on the screen."""
TOP = 5
"""Verified methods on the screen."""
PLAIN_SECONDS = 15.0
"""In a pipe, how often the status is repeated."""
WATCHING = "Ctrl-C leaves this view; the study goes on."


class LiveView:
    """Shows what a fleet does. A context manager; `update`, or `look`, is called a few times a second."""

    def __init__(self, paths: StudyPaths, *, watching: bool = False) -> None:
        """Shows nothing yet. `watching`: it is another process's fleet, and its latest news are told at once."""
        self._ledger = Follower(paths)
        self._watching = watching
        self._news: deque[str] = deque(maxlen=RECENT)
        self._stage = "starting the lab"
        self._said_at = time.monotonic()
        self._live: Any = None
        self._seen: tuple[StudyState, Board] | None = None

    def __enter__(self) -> "LiveView":
        self._follow(tell=False)  # what an earlier session did is no news
        if not self._watching:
            self._news.clear()
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(console=console(), get_renderable=self._screen, refresh_per_second=4, transient=True)
            self._live.start()
        else:
            for line in self._news or [self._line(self._stage)]:
                say(line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def stage(self, text: str) -> None:
        """What goes on before there is a state, or while it ends."""
        if text != self._stage and self._live is None:
            say(self._line(text))
        self._stage = text

    def look(self) -> None:
        """Takes in what is new in the ledger, and shows the study as it follows from that."""
        known = self._ledger.state
        before = known.seq
        self._follow()
        if known.config is not None:
            rows = self._seen[1] if self._seen is not None and known.seq == before else board(known)
            self._show(study(known, now=time.time()), rows)

    def update(self, state: StudyState, board: Board) -> None:
        """Takes in what the lab shows and what is new in the ledger."""
        self._follow()
        self._show(state, board)

    def _show(self, state: StudyState, rows: Board) -> None:
        self._seen = state, rows
        self._stage = views.status_line(state)
        if self._live is None and time.monotonic() - self._said_at > PLAIN_SECONDS:
            self._said_at = time.monotonic()
            say(f"{views.clock(state.active_seconds)} {self._stage}")

    def _follow(self, *, tell: bool = True) -> None:
        for event in self._ledger.fresh():
            line = news(event, self._ledger.state)
            if line:
                self._news.append(self._line(clean(line)))
                if tell and self._live is None:
                    say(self._news[-1])

    def _line(self, text: str) -> str:
        """With the working time before it."""
        return f"{views.clock(self._ledger.state.clock.seconds())} {text}"

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
        hint = WATCHING if self._watching else "Ctrl-C stops; `aarlab resume` goes on."
        return Group(*parts, "", Text(hint, style="dim"))


def _top(board: Board) -> Board:
    best = [row for row in board.rows if row.rank is not None and not row.apart][:TOP]
    return board.model_copy(update={"rows": (*best, *(row for row in board.rows if row.kind == "mark"))})
