"""Figures of a study that both the report and the commands show, computed from the lab's folded ledger."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aarlab.lab.board import board
from aarlab.lab.budgets import left, spent_dollars
from aarlab.lab.events import Kind
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.wire import Board, BoardRow, Budgets

WEAK, CEILING = "weak teacher", "ceiling"
"""Words for the two ends of the scale: PGR 0 and PGR 1."""


@dataclass(frozen=True)
class CostLine:
    """What one participant has used."""

    who: str
    """Researcher, "verification" or "monitor"."""
    experiments: int
    """Trainings in the researcher's sandbox, methods re-executed, or methods read."""
    cpu_seconds: float
    """User and system time in sandboxes."""
    dollars: float
    """Core-hours at the study's price, and calls of models."""


@dataclass(frozen=True)
class Costs:
    """The cost and time ledger of a study."""

    lines: tuple[CostLine, ...]
    """Each researcher, then verification."""
    dollars: float
    """All together."""
    seconds: float
    """Working time of the fleet."""
    budget: dict[str, float]
    """What the study may spend, as in its settings."""
    left: Budgets
    """What is left of it."""


@dataclass(frozen=True)
class Point:
    """One verified method on the time axis."""

    seconds: float
    """Working time at which the verification ended."""
    row: BoardRow
    """Its line of the board."""


def costs(state: State) -> Costs:
    """Who has used what."""
    price = state.settings().price.cpu_hour / 3600
    lines = [
        CostLine(entry.name, entry.experiments, entry.cpu_seconds, entry.cpu_seconds * price + entry.model_dollars)
        for entry in state.researchers.values()
    ]
    verified = [entry for entry in state.submissions.values() if entry.door == "verify" and not entry.pending]
    used = sum(entry.cpu_seconds for entry in verified)
    lines.append(CostLine("verification", len(verified), used, used * price))
    if state.reviewed:
        lines.append(CostLine("monitor", len(state.reviewed), 0.0, state.review_dollars))
    budget = state.settings().budget.model_dump()
    return Costs(tuple(lines), spent_dollars(state), state.clock.seconds(), budget, left(state))


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
