"""What came of one study, in the numbers by which arms of an experiment are compared.

The frontier at a time is the highest lower end of the 95 % interval among the verified methods that rank and are not
listed apart, and 0 (the weak teacher) before and below: it never falls, and verifying noise again lifts it little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aarlab.lab.board import board
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.events import Kind
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.report.attendance import Attendance
from aarlab.report.diversity.families import mean_entropy

HOUR = 3600.0


@dataclass(frozen=True)
class Step:
    """A verified method that ranks."""

    hours: float
    """Researcher-hours when its verification ended."""
    dollars: float
    """Dollars spent by then."""
    low: float
    """Lower end of its interval."""


@dataclass(frozen=True)
class Outcome:
    """Of one study."""

    study: str
    """study.name."""
    seed: int | None
    """study.seed; studies of two arms with the same seed are a pair."""
    best: float
    """PGR of the first-ranked row; 0 where none ranks: then the weak teacher is the best there is."""
    half: float | None
    """Half the width of its interval."""
    steps: tuple[Step, ...]
    """In the order of time."""
    hours: float
    """Researcher-hours in all."""
    dollars: float
    """Dollars in all."""
    entropy: float | None
    """Mean over steps of the entropy of method families across researchers, in bits."""
    abroad: dict[str, float]
    """PGR of transferred methods on fresh draws, by domain; the latest where there are several."""
    finished: bool
    """Whether nothing is left to be done."""

    def area(self, axis: str, *, horizon: float) -> float:
        """Mean height of the frontier from 0 to `horizon` on an axis ("hours", "dollars"); it stays where it ended."""
        total, height, since = 0.0, 0.0, 0.0
        for step in self.steps:
            at = min(getattr(step, axis), horizon)
            total += height * (at - since)
            height, since = max(height, step.low), at
        return (total + height * (horizon - since)) / horizon if horizon > 0 else 0.0

    def reached(self, level: float, axis: str) -> float | None:
        """Hours or dollars after which the frontier was at `level`; None = it never was."""
        return next((getattr(step, axis) for step in self.steps if step.low >= level), None)


def outcome(events: Sequence[Event]) -> Outcome:
    """From the whole ledger of a study that has begun."""
    state, attendance = State(), Attendance()
    times: dict[str, tuple[float, float]] = {}
    for event in events:
        state.apply(event)
        attendance.see(event, state)
        if event.kind == Kind.VERIFY_FINISHED:
            times[event.body["id"]] = (sum(attendance.seconds.values()) / HOUR, spent_dollars(state))
    rows = [row for row in board(state).rows if row.rank is not None and not row.apart and row.submission in times]
    steps = [Step(*times[str(row.submission)], low=row.low) for row in rows if row.low is not None]
    first = next((row for row in rows if row.rank == 1), None)
    return Outcome(
        study=state.settings().study.name,
        seed=state.settings().study.seed,
        best=0.0 if first is None or first.value is None else first.value,
        half=None if first is None or first.low is None or first.high is None else (first.high - first.low) / 2,
        steps=tuple(sorted(steps, key=lambda step: step.hours)),
        hours=sum(attendance.seconds.values()) / HOUR,
        dollars=spent_dollars(state),
        entropy=mean_entropy(state),
        abroad=_abroad(state),
        finished=state.finished and not state.clock.open,
    )


def _abroad(state: State) -> dict[str, float]:
    found = {}
    for record in state.transfers.values():
        score = record.body["score"] or {}
        if score.get("value") is not None:
            found[str(record.body["place"])] = float(score["value"])
    return found
