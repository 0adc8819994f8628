"""Method cards of a report: what was proposed, word for word, what came of it, and the code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aarlab.lab.measured import measured
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.report.room import Room
from aarlab.report.veil import Veil
from aarlab.wire import BoardRow, Measured

PROPOSALS, CODE = 2_000_000, 2_000_000
"""Bytes of each in one report, best methods first; the study's folder has all."""


@dataclass(frozen=True)
class Card:
    """A verified method as its author described and wrote it."""

    row: BoardRow
    """Its line of the board."""
    measured: Measured
    """What it took and how its runs went. For the operator."""
    controls: Mapping[str, Sequence[str]]
    """How the runs with another teacher ended, by control."""
    proposal: str | None
    """Word for word, frozen before the first scored run; None where there was no more room."""
    files: Mapping[str, str] | None
    """Its code; None where there was no more room."""


def cards(paths: StudyPaths, state: State, rows: Sequence[BoardRow], *, veil: Veil) -> tuple[Card, ...]:
    """One for each row, in the order of the board. Raises OperatorError when a snapshot is missing."""
    code = Snapshots(paths.snapshots).every([str(row.snapshot) for row in rows])
    for_proposals, for_code = Room(PROPOSALS), Room(CODE)
    found = []
    for row in rows:
        record = state.submissions[str(row.submission)]
        files = {name: veil.code(text) for name, text in sorted(code[record.snapshot].items())}
        fits = for_code.take("\n".join(files.values())) is not None
        proposal = for_proposals.take(veil.text(state.proposals[record.proposal].text))
        found.append(Card(row, measured(record), record.controls, proposal, files if fits else None))
    return tuple(found)
