"""What the operator sees of a verified row besides the board: how long it took and how its runs went."""

from collections import Counter
from typing import Any

from pydantic import Field

from aarlab.lab.board import board
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.state import State
from aarlab.wire import Board, BoardRow, Status, Wire


class Measured(Wire):
    """What a row took and how its runs went. For the operator: a researcher could read hidden facts out of times."""

    seconds: float
    """Wall time from the beginning of its computation to its end."""
    core_seconds: float
    """User and system time in sandboxes."""
    accuracies: tuple[float, ...]
    """On hidden items, of each real run in the order of seeds; empty when one failed."""
    runs: int
    """All that were started: real ones and controls."""
    failures: dict[Status, int]
    """How many of them ended with another word than "ok", by word."""


class OperatorRow(BoardRow):
    """A line of the board with what only the operator sees."""

    measured: Measured | None = None
    """None for marks."""
    private: dict[str, Any] = Field(default_factory=dict)
    """What the score has for the operator alone (hidden benchmarks)."""


class OperatorBoard(Board):
    """The board in `aarlab board --json` and in the report."""

    rows: tuple[OperatorRow, ...]


def operator_board(state: State) -> OperatorBoard:
    """The board with these facts. Never sent to researchers: how long a run took could carry hidden facts."""
    seen = board(state)
    return OperatorBoard(problem=seen.problem, rows=tuple(_row(state, row) for row in seen.rows))


def _row(state: State, row: BoardRow) -> OperatorRow:
    if row.submission is None:
        return OperatorRow(**dict(row), private=dict((state.marks or {})[row.name].private))
    record = state.submissions[row.submission]
    return OperatorRow(**dict(row), measured=measured(record), private=dict(record.private))


def measured(record: SubmissionRecord) -> Measured:
    """The facts of one finished verification."""
    words = [*record.runs, *(word for found in record.controls.values() for word in found)]
    return Measured(
        seconds=record.seconds,
        core_seconds=record.cpu_seconds,
        accuracies=tuple(record.private.get("accuracies", ())),
        runs=len(words),
        failures=dict(Counter(word for word in words if word != "ok")),
    )
