"""What is used of a study's budgets, for meters on a page."""

from dataclasses import dataclass

from aarlab.cli.views import clock
from aarlab.report.costs import Costs


@dataclass(frozen=True)
class Meter:
    """One budget."""

    title: str
    """What is spent."""
    used: float
    """In its own unit, at most `most`."""
    most: float
    """The budget."""
    words: str
    """Both in words."""


def meters(costs: Costs) -> list[Meter]:
    """Time, money, and what may be asked of the lab."""
    budget, left = costs.budget, costs.left
    seconds, counts = budget["minutes"] * 60, {"experiments": left.experiments, "dev_answers": left.dev_answers}
    counts["verifications"] = left.verifications
    return [
        Meter("working time", min(costs.seconds, seconds), seconds, f"{clock(costs.seconds)} of {clock(seconds)}"),
        Meter("dollars", min(costs.dollars, budget["dollars"]), budget["dollars"], _dollars(costs)),
        *(_count(name.replace("_", " "), budget[name], rest) for name, rest in counts.items()),
    ]


def _dollars(costs: Costs) -> str:
    return f"${costs.dollars:.3f} of ${costs.budget['dollars']:.2f}"


def _count(title: str, most: float, left: int) -> Meter:
    return Meter(title, most - left, most, f"{most - left:.0f} of {most:.0f}")
