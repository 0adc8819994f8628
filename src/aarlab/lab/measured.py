"""What the operator sees of a verified row besides the board: how long it took and how its runs went."""

from collections import Counter

from aarlab.lab.board import board
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.state import State
from aarlab.wire import Measured, OperatorBoard, OperatorRow


def operator_board(state: State) -> OperatorBoard:
    """The board with these facts. Never sent to researchers: how long a run took could carry hidden facts."""
    seen = board(state)
    rows = [OperatorRow(**dict(row), measured=_of(state, row.submission)) for row in seen.rows]
    return OperatorBoard(problem=seen.problem, rows=tuple(rows))


def _of(state: State, submission: str | None) -> Measured | None:
    return measured(state.submissions[submission]) if submission is not None else None


def measured(record: SubmissionRecord) -> Measured:
    """The facts of one finished verification."""
    words = [*record.runs, *(word for found in record.controls.values() for word in found)]
    return Measured(
        seconds=record.seconds,
        core_seconds=record.cpu_seconds,
        accuracies=record.accuracies,
        runs=len(words),
        failures=dict(Counter(word for word in words if word != "ok")),
    )
