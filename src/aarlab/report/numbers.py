"""Figures of a study that both the report and the commands show, computed from the lab's folded ledger."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aarlab.lab.board import board
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.events import Kind
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.wire import Board, BoardRow

WEAK, CEILING = "weak teacher", "ceiling"
"""Words for the two ends of the scale: PGR 0 and PGR 1."""


@dataclass(frozen=True)
class Point:
    """One verified method on the axes of time and money."""

    seconds: float
    """Working time at which the verification ended."""
    dollars: float
    """What the study had spent by then."""
    row: BoardRow
    """Its line of the board."""
    best: BoardRow | None
    """The frontier: the ranked method of best lower end among this one and those before it."""

    @property
    def hours(self) -> float:
        """Working time."""
        return self.seconds / 3600


def methods(rows: Board) -> tuple[BoardRow, ...]:
    """Lines of verified methods, ranked ones first."""
    return tuple(row for row in rows.rows if row.kind == "method")


def marks(rows: Board) -> tuple[BoardRow, ...]:
    """Lines of the lab's own references, best first."""
    found = [row for row in rows.rows if row.kind == "mark"]
    return tuple(sorted(found, key=lambda row: -(row.value if row.value is not None else -math.inf)))


def ends(rows: Board) -> dict[str, float]:
    """Accuracies of the weak teacher and of the ceiling, from the first mark or method that has them, if any."""
    for row in (*marks(rows), *methods(rows)):
        if "weak_acc" in row.facts and "strong_acc" in row.facts:
            return {WEAK: float(row.facts["weak_acc"]), CEILING: float(row.facts["strong_acc"])}
    return {}


def timeline(events: Iterable[Event]) -> tuple[Point, ...]:
    """When, and after how much money, which method was verified. Ranks are those at the end."""
    state = State()
    ends: dict[str, tuple[float, float]] = {}
    for event in events:
        state.apply(event)
        if event.kind == Kind.VERIFY_FINISHED:
            ends[event.body["id"]] = state.clock.seconds(), spent_dollars(state)
    rows = {str(row.submission): row for row in methods(board(state))} if state.config else {}
    points: list[Point] = []
    best: BoardRow | None = None
    for name, (seconds, dollars) in ends.items():
        best = _better(rows[name], best)
        points.append(Point(seconds, dollars, rows[name], best))
    return tuple(points)


def _better(row: BoardRow, best: BoardRow | None) -> BoardRow | None:
    if row.rank is None or row.apart or row.low is None:
        return best
    return row if best is None or row.low > (best.low or 0.0) else best


def lab_facts(events: Iterable[Event]) -> dict[str, Any]:
    """What the lab noted of its host and sandbox when it was last started; empty before that."""
    facts: dict[str, Any] = {}
    for event in events:
        if event.kind == Kind.LAB_STARTED:
            facts = dict(event.meta)
    return facts
