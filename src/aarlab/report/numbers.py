"""Figures of a study that both the report and the commands show, computed from the lab's folded ledger."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aarlab.lab.board import board
from aarlab.lab.events import Kind
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.wire import Board, BoardRow

WEAK, CEILING = "weak teacher", "ceiling"
"""Words for the two ends of the scale: PGR 0 and PGR 1."""


@dataclass(frozen=True)
class Point:
    """One verified method on the time axis."""

    seconds: float
    """Working time at which the verification ended."""
    row: BoardRow
    """Its line of the board."""


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
    """When which method was verified, in working time."""
    state = State()
    times: dict[str, float] = {}
    for event in events:
        state.apply(event)
        if event.kind == Kind.VERIFY_FINISHED:
            times[event.body["id"]] = state.clock.seconds()
    rows = [row for row in methods(board(state)) if row.submission in times]
    return tuple(sorted((Point(times[str(row.submission)], row) for row in rows), key=lambda point: point.seconds))


def lab_facts(events: Iterable[Event]) -> dict[str, Any]:
    """What the lab noted of its host and sandbox when it was last started; empty before that."""
    facts: dict[str, Any] = {}
    for event in events:
        if event.kind == Kind.LAB_STARTED:
            facts = dict(event.meta)
    return facts
