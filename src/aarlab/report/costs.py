"""What a study has cost, by whom and for what, computed from its ledger."""

from collections.abc import Iterable
from dataclasses import dataclass

from aarlab.lab.board import board
from aarlab.lab.budgets import left, spent_dollars
from aarlab.lab.records import Researcher
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.problem.contract import BASELINE
from aarlab.report.attendance import Attendance
from aarlab.settings import PriceSettings
from aarlab.wire import Budgets, ModelUse, Tokens
from aarlab.wire.usage import total

HOUR = 3600.0


@dataclass(frozen=True)
class CostLine:
    """What one participant has used."""

    who: str
    """Researcher, "verification" or "monitor"."""
    experiments: int
    """Trainings in the researcher's sandbox, methods re-executed, or methods read."""
    hours: float
    """Working time; 0 for verification and monitor."""
    cpu_seconds: float
    """User and system time in sandboxes."""
    gpu_seconds: float
    """GPUs held times seconds."""
    models: dict[str, ModelUse]
    """Calls of models by "provider/model"; "" = calls of which only the money is known."""
    tokens: Tokens
    """Of all these calls."""
    model_dollars: float
    """All calls of models."""
    dollars: float
    """Models, cores and GPUs."""


@dataclass(frozen=True)
class Worth:
    """What was paid for what was found."""

    metric: str
    """Of the problem, in its own word (PGR)."""
    dollars: float | None
    """All dollars over `gain`: for each 1.0 of the metric; None where there is no gain."""
    gain: float | None
    """The lower end of the best ranked row's interval less the baseline's value."""
    words: str
    """The same, or why there is none, in one line."""


@dataclass(frozen=True)
class Costs:
    """The cost and time ledger of a study."""

    lines: tuple[CostLine, ...]
    """Each researcher, then verification, then the monitor."""
    total: CostLine
    """All together."""
    dollars: float
    """All together, as the cap counts it."""
    model_share: float | None
    """Part of it that went to models; the rest went to cores and GPUs."""
    seconds: float
    """Working time of the fleet."""
    researcher_hours: float
    """Summed over researchers."""
    per_researcher_hour: float | None
    """All dollars over these hours; None before anybody has worked."""
    worth: Worth
    """Dollars per verified gain."""
    projected: float | None
    """Dollars at the end of the working time if it goes on like this; None before there is a rate."""
    budget: dict[str, float]
    """What the study may spend, as in its settings."""
    left: Budgets
    """What is left of it."""


def costs(events: Iterable[Event]) -> Costs:
    """Who has used what, and what came of it. `events` are the whole ledger."""
    state, attendance = State(), Attendance()
    for event in events:
        state.apply(event)
        attendance.see(event, state)
    return costs_of(state, attendance)


def costs_of(state: State, attendance: Attendance) -> Costs:
    """The same from a ledger that was folded already; `attendance` has seen all of it, too."""
    hours = {name: seconds / HOUR for name, seconds in attendance.seconds.items()}
    price, budget = state.settings().price, state.settings().budget
    lines = [_line(one, price, hours=hours.get(one.name, 0.0)) for one in state.researchers.values()]
    lines += _of_the_lab(state, price)
    together, spent, seconds = _total(lines), spent_dollars(state), state.clock.seconds()
    return Costs(
        lines=tuple(lines),
        total=together,
        dollars=spent,
        model_share=together.model_dollars / spent if spent > 0 else None,
        seconds=seconds,
        researcher_hours=together.hours,
        per_researcher_hour=spent / together.hours if together.hours > 0 else None,
        worth=worth(state, dollars=spent),
        projected=spent + spent / seconds * max(0.0, budget.minutes * 60 - seconds) if seconds > 0 else None,
        budget=budget.model_dump(),
        left=left(state),
    )


def worth(state: State, *, dollars: float) -> Worth:
    """Dollars over what the best row is surely better than the lab's own baseline: luck buys nothing."""
    rows = [row for row in board(state).rows if row.kind == "method" and row.rank and not row.apart]
    lows = [row.low for row in rows if row.low is not None]
    base = state.marks[BASELINE].value if state.marks and BASELINE in state.marks else None
    metric = state.metric
    if not lows or base is None:
        missing = "no row ranks yet" if base is not None else f"the baseline {BASELINE} has no value yet"
        return Worth(metric, None, None, f"-: {missing}")
    gain = max(lows) - base
    where = f"the lower end of the best row's interval is {max(lows):+.3f} and {BASELINE} has {base:+.3f}"
    if gain <= 0:
        return Worth(metric, None, gain, f"-: no row is surely above {BASELINE}: {where}")
    return Worth(metric, dollars / gain, gain, f"${dollars / gain:.2f} for each 1.0 of {metric} gained: {where}")


def _line(one: Researcher, price: PriceSettings, *, hours: float) -> CostLine:
    machine = price.machine(core_seconds=one.cpu_seconds, gpu_seconds=one.gpu_seconds)
    return CostLine(
        who=one.name,
        experiments=one.experiments,
        hours=hours,
        cpu_seconds=one.cpu_seconds,
        gpu_seconds=one.gpu_seconds,
        models=dict(one.models),
        tokens=total(one.models).tokens,
        model_dollars=one.model_dollars,
        dollars=machine + one.model_dollars,
    )


def _of_the_lab(state: State, price: PriceSettings) -> list[CostLine]:
    verified = [entry for entry in state.submissions.values() if entry.door == "verify" and not entry.pending]
    used = sum(entry.cpu_seconds for entry in verified)
    paid = price.machine(core_seconds=used)
    lines = [CostLine("verification", len(verified), 0.0, used, 0.0, {}, Tokens(), 0.0, paid)]
    if state.reviewed or state.review_dollars:
        read, tokens, dollars = len(state.reviewed), state.review_tokens, state.review_dollars
        use = {state.settings().integrity.monitor: ModelUse(calls=read, tokens=tokens, dollars=dollars)}
        lines.append(CostLine("monitor", read, 0.0, 0.0, 0.0, use, tokens, dollars, dollars))
    return lines


def _total(lines: list[CostLine]) -> CostLine:
    models: dict[str, ModelUse] = {}
    for line in lines:
        for name, use in line.models.items():
            models[name] = models.get(name, ModelUse()).plus(use)
    return CostLine(
        who="all",
        experiments=sum(line.experiments for line in lines),
        hours=sum(line.hours for line in lines),
        cpu_seconds=sum(line.cpu_seconds for line in lines),
        gpu_seconds=sum(line.gpu_seconds for line in lines),
        models=models,
        tokens=total(models).tokens,
        model_dollars=sum(line.model_dollars for line in lines),
        dollars=sum(line.dollars for line in lines),
    )
