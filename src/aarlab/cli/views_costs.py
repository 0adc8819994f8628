"""How costs and prices look in a terminal."""

from collections.abc import Mapping
from typing import Any

from aarlab.cli.output import table
from aarlab.cli.views import clock
from aarlab.prices import Prices
from aarlab.report.costs import CostLine, Costs
from aarlab.settings import PriceSettings

UNNAMED = "(cut short)"
"""Calls of which only the money is known: the process was killed before an answer."""


def costs_table(costs: Costs) -> Any:
    """Who has used what; tokens in thousands."""
    rows = [_row(line) for line in (*costs.lines, costs.total)]
    columns = ("who", "hours", "experiments", "core h", "GPU h", "k in", "k cached", "k out", "models $", "dollars")
    return table(columns, rows, title="Costs", right=range(1, 10))


def _row(line: CostLine) -> tuple[str, ...]:
    tokens = line.tokens
    counts = (tokens.input, tokens.cache_read, tokens.output)
    return (
        line.who,
        f"{line.hours:.2f}" if line.hours else "",
        str(line.experiments),
        f"{line.cpu_seconds / 3600:.3f}",
        f"{line.gpu_seconds / 3600:.3f}" if line.gpu_seconds else "",
        *(f"{count / 1000:.1f}" if line.models else "" for count in counts),
        f"{line.model_dollars:.4f}" if line.models or line.model_dollars else "",
        f"{line.dollars:.4f}",
    )


def models_table(costs: Costs) -> Any:
    """The same by model, for studies that have asked any."""
    rows = [
        (
            name or UNNAMED,
            str(use.calls),
            *(f"{count / 1000:.1f}" for count in use.tokens.model_dump().values()),
            f"{use.dollars:.4f}",
        )
        for name, use in costs.total.models.items()
    ]
    columns = ("model", "calls", "k in", "k out", "k cached", "k into cache", "dollars")
    return table(columns, rows, title="Models", right=range(1, 7))


def totals_line(costs: Costs) -> str:
    """Time, money and counts against their budgets, in one line."""
    budget, rest = costs.budget, costs.left
    parts = [
        f"working time {clock(costs.seconds)} of {clock(budget['minutes'] * 60)}",
        f"${costs.dollars:.3f} of ${budget['dollars']:.2f}",
        f"experiments {budget['experiments'] - rest.experiments:.0f} of {budget['experiments']:.0f}",
        f"dev answers {budget['dev_answers'] - rest.dev_answers:.0f} of {budget['dev_answers']:.0f}",
        f"verifications {budget['verifications'] - rest.verifications:.0f} of {budget['verifications']:.0f}",
    ]
    return ", ".join(parts)


def ratio_lines(costs: Costs) -> list[str]:
    """What the money went to, what an hour and a gain cost, and where it leads."""
    hour, share, ends = costs.per_researcher_hour, costs.model_share, costs.projected
    worked = f"{costs.researcher_hours:.2f} researcher-hours"
    cap = costs.budget["dollars"]
    lines = [
        f"dollars per researcher-hour: {'-: nobody has worked yet' if hour is None else f'${hour:.4f} ({worked})'}",
        f"dollars per verified {costs.worth.metric}: {costs.worth.words}",
    ]
    if share is not None:
        lines.append(f"models {share:.0%}, cores and GPUs {1 - share:.0%} of the dollars")
    if ends is not None:
        stops = f", so the cap of ${cap:.2f} ends it before" if ends > cap else ""
        lines.append(f"at this rate: ${ends:.2f} at the end of the working time{stops}")
    return lines


def costs_lines(costs: Costs) -> list[Any]:
    """All of it."""
    models = [models_table(costs), ""] if costs.total.models else []
    return [costs_table(costs), "", *models, *ratio_lines(costs), totals_line(costs)]


def prices_lines(prices: Mapping[str, Prices], price: PriceSettings, *, day: str | None) -> list[Any]:
    """Prices in force, by model; `day` is that of the library's table where it is used."""
    rows = []
    for name, one in prices.items():
        rates = one.rates
        dollars = (rates.input, rates.output, rates.cache_read, rates.cache_write)
        rows.append((name, *(f"{rate:.4g}" for rate in dollars), one.source))
    columns = ("model", "in", "out", "cached", "into cache", "source")
    shown = [table(columns, rows, title="Dollars for a million tokens", right=(1, 2, 3, 4)), ""] if rows else []
    checked = [f"the table of the library was last checked on {day}, by its own remarks"] if day else []
    return [*shown, *checked, f"a core-hour ${price.cpu_hour:.4g}, a GPU-hour ${price.gpu_hour:.4g}"]
