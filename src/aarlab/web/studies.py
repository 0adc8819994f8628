"""The studies of one folder as the dashboard reads them: each a fold over its ledger that only ever reads what is new.

Reads the same files as the commands (aarlab.cli.study), whether a lab writes them or not; it changes nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from aarlab.cli.news import news
from aarlab.errors import OperatorError, UserError
from aarlab.fleet.logs import Sign, sign
from aarlab.fleet.study import running
from aarlab.lab.board import board
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.events import Kind
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.lab.views import study
from aarlab.paths import StudyPaths
from aarlab.report.attendance import Attendance
from aarlab.report.costs import Costs, costs_of
from aarlab.settings import StudyConfig
from aarlab.studyfile import load_study
from aarlab.wire import Board, StudyState

NEWS = 60
"""Lines of news that are kept of a study."""
OWN_NEWS = 20
"""And about each researcher."""

SLACK = 0.1
"""Seconds that two writes may be apart and have the same time of change."""


@dataclass(frozen=True)
class News:
    """Something that happened, in words."""

    seq: int
    """Its entry in the ledger."""
    seconds: float
    """Working time of the study."""
    who: str
    """Researcher, "lab" or "operator"; where it is a researcher, its text may stand in the words."""
    words: str
    """One line."""


@dataclass(frozen=True)
class Moment:
    """When a verification ended."""

    submission: str
    """Its id."""
    seconds: float
    """Working time of the study."""
    dollars: float
    """What the study had spent by then."""


class _File(NamedTuple):
    """What shows that a file was written to."""

    inode: int
    size: int
    changed: float


class Study:
    """One study, folded as far as its ledger goes. Use it inside `reading` only."""

    def __init__(self, paths: StudyPaths) -> None:
        """Has read nothing yet."""
        self.paths = paths
        self._lock = threading.Lock()
        self._files: list[_File] = []
        self._read = 0.0
        self._start()

    @contextmanager
    def reading(self) -> Iterator["Study"]:
        """Inside, it is up to date and holds still. Raises OperatorError when the ledger cannot be read."""
        with self._lock:
            self._follow()
            yield self

    def pulse(self) -> str:
        """A mark that is another one when there is something new to show. Cheap where there is not."""
        try:
            with self.reading():
                return self.mark
        except OperatorError:  # a page of it says why
            return "unreadable"

    # ---- inside `reading` -----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Of its folder: what it is called in addresses."""
        return self.paths.root.name

    @property
    def mark(self) -> str:
        """See `pulse`."""
        return f"{self.state.seq}-{self.at_work:d}"

    @property
    def begun(self) -> bool:
        """Whether there is anything in its ledger; before that it has settings only."""
        return self.state.seq > 0

    @property
    def at_work(self) -> bool:
        """Whether an orchestrator is at work on it."""
        return running(self.paths) is not None

    @property
    def config(self) -> StudyConfig:
        """Its settings. Raises UserError where the study file was spoilt before it began."""
        return self.state.config or load_study(self.paths.config)

    def view(self) -> StudyState:
        """What `aarlab status` shows. Only for a study that has begun."""
        return study(self.state)

    def board(self) -> Board:
        """The board. Only for a study that has begun."""
        return board(self.state)

    def costs(self) -> Costs:
        """What `aarlab costs` shows. Only for a study that has begun."""
        return costs_of(self.state, self.attendance)

    def signs(self) -> dict[str, Sign]:
        """When each researcher's process was last heard, and what it said; empty where nobody is at work."""
        if not self.at_work:
            return {}
        heard = {name: sign(self.paths.logs / f"{name}.log") for name in self.state.researchers}
        return {name: one for name, one in heard.items() if one is not None}

    def _start(self) -> None:
        self.state = State()
        self.attendance = Attendance()
        self.news: deque[News] = deque(maxlen=NEWS)
        self.news_of: dict[str, deque[News]] = {}
        """The same about each researcher."""
        self.moments: list[Moment] = []

    def _follow(self) -> None:
        """Reads what is new; from the beginning where somebody has put another ledger in its place."""
        if not self.paths.database.is_file():
            return
        ledger, log = self.paths.database, Path(f"{self.paths.database}-wal")
        now, files = time.time(), [_touched(ledger), _touched(log)]
        if files == self._files and all(file.changed < self._read - SLACK for file in files):
            return
        if self._files and self._files[0].inode != files[0].inode:
            self._start()
        for event in read_events(self.paths.database, after=self.state.seq):
            self._take(event)
        self._files, self._read = files, now

    def _take(self, event: Event) -> None:
        self.state.apply(event)
        self.attendance.see(event, self.state)
        seconds = self.state.clock.seconds()
        if line := news(event, self.state):
            entry = News(event.seq, seconds, event.actor, line)
            self.news.append(entry)
            self.news_of.setdefault(self._about(event), deque(maxlen=OWN_NEWS)).append(entry)
        if event.kind == Kind.VERIFY_FINISHED:
            self.moments.append(Moment(event.body["id"], seconds, spent_dollars(self.state)))

    def _about(self, event: Event) -> str:
        """The researcher whom an event is about; "" = nobody, or everybody."""
        named = event.body.get("researcher") or event.body.get("name")
        if named in self.state.researchers:
            return str(named)
        asked = self.state.submissions.get(event.body.get("id", ""))
        return asked.researcher if asked else event.actor if event.actor in self.state.researchers else ""


class Studies:
    """All studies of one folder."""

    def __init__(self, root: Path) -> None:
        """`root` need not exist yet."""
        self.root = root.absolute()
        self._known: dict[str, Study] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Folders with a study file, the latest first."""
        found = sorted(self.root.glob("*/study.toml"), key=lambda path: -path.stat().st_mtime)
        return [path.parent.name for path in found]

    def get(self, name: str) -> Study:
        """One study. Raises UserError where there is no such one."""
        if name not in self.names():  # so that no name leads out of the folder
            raise UserError(f"there is no study {name!r} in {self.root}")
        with self._lock:
            return self._known.setdefault(name, Study(StudyPaths(self.root / name)))

    def all(self) -> list[Study]:
        """Every study, the latest first."""
        return [self.get(name) for name in self.names()]

    def pulse(self) -> str:
        """As that of a study, of all of them."""
        return ",".join(f"{study.name}:{study.pulse()}" for study in self.all())


def _touched(path: Path) -> _File:
    try:
        found = path.stat()
    except FileNotFoundError:  # SQLite drops the second one when the last writer leaves
        return _File(0, 0, 0.0)
    return _File(found.st_ino, found.st_size, found.st_mtime_ns / 1e9)
