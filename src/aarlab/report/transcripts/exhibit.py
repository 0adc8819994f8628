"""What goes out with transcripts: the study, who took part, and what of it stands on the board."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aarlab.errors import UserError
from aarlab.lab.board import board
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.report.transcripts.entries import Entry
from aarlab.report.transcripts.reader import read_transcript, transcripts
from aarlab.wire import BoardRow


@dataclass(frozen=True)
class Exhibit:
    """One researcher's transcript with what it came to."""

    researcher: str
    """Name."""
    mind: str
    """Its kind."""
    direction: str
    """What it was to begin with."""
    family: str
    """Of its direction."""
    entries: tuple[Entry, ...]
    """The transcript."""
    rows: tuple[BoardRow, ...]
    """Its verified methods, as the board has them: ranked ones first."""

    @property
    def best(self) -> BoardRow | None:
        """Its best row that ranks; what was disqualified or has failed does not."""
        return next((row for row in self.rows if row.rank is not None and row.value is not None), None)


@dataclass(frozen=True)
class Collection:
    """Transcripts of one study."""

    study: str
    """Name."""
    problem: str
    """Name."""
    origin: str
    """Hash of the first entry of its ledger: names it among all studies."""
    entries: int
    """Entries of the ledger that the rows follow from."""
    head: str
    """Hash of the last of them."""
    exhibits: tuple[Exhibit, ...]
    """One a researcher."""


def collect(paths: StudyPaths, *, names: Sequence[str]) -> Collection:
    """The transcripts of `names`. Raises UserError where one has none."""
    events = list(read_events(paths.database))
    state = State.of(events)
    files, rows = transcripts(paths.transcripts), board(state).rows
    found = []
    for name in names:
        if name not in files or name not in state.researchers:
            raise UserError(f"{name} has no transcript")
        who = state.researchers[name]
        own = tuple(row for row in rows if row.kind == "method" and row.researcher == name)
        entries = tuple(read_transcript(Path(files[name])))
        found.append(Exhibit(name, who.mind, who.direction, who.family, entries, own))
    name = state.settings().study.name
    return Collection(name, state.problem, events[0].hash, state.seq, state.head, tuple(found))
