"""What the operator sees of a verified row besides the board: how long it took and how its runs went."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from aarlab.lab.board import board
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.state import State
from aarlab.wire import BoardRow, Measured, OperatorBoard, OperatorRow


def operator_board(state: State) -> OperatorBoard:
    """The board with these facts. Never sent to researchers: how long a run took could carry hidden facts."""
    seen = board(state)
    return OperatorBoard(problem=seen.problem, rows=tuple(_row(state, row) for row in seen.rows))


def _row(state: State, row: BoardRow) -> OperatorRow:
    if row.submission is None:
        return OperatorRow(**dict(row), private=_rest((state.marks or {})[row.name].private))
    record = state.submissions[row.submission]
    return OperatorRow(**dict(row), measured=measured(record), private=_rest(record.private))


def _rest(private: Mapping[str, Any]) -> dict[str, Any]:
    """What of a score's private part has no place of its own."""
    return {name: value for name, value in private.items() if name != "accuracies"}


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
