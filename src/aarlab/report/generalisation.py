"""Transfers as a table (methods x domains x distributions) and in words, for the report and the command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aarlab.problem.contract import BASELINE
from aarlab.report.numbers import CEILING, WEAK
from aarlab.wire import TransferRow

PARTS = {"id": "in distribution", "ood": "out of distribution"}
"""What the data mark, in words."""
WAYS = {"as is": "as it is", "retuned": "settings retuned", "given": "settings given"}


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    domain: str
    method: str
    way: str
    """How its settings came about, in words; "" for marks."""
    items: str
    """"all", or which distribution."""
    value: float | None
    """PGR."""
    low: float | None
    high: float | None
    over: tuple[float, float, float] | None
    """Difference to vanilla on the same draws and items, with its interval."""
    accuracy: float | None
    note: str
    """Why there is no value; whether the method comes from this domain."""
    mark: bool = False
    """Whether it is a reference of the lab's own."""


def lines(rows: Sequence[TransferRow]) -> tuple[Line, ...]:
    """Each domain with its methods and, after them, the marks that stood beside the first of them.

    Marks have draws of their own beside each method; --json has all of them.
    """
    found: list[Line] = []
    for domain in _domains(rows):
        here = [row for row in rows if row.problem == domain]
        found += [line for row in here for line in _lines(row)]
        found += _marks(here[0])
    return tuple(found)


def words(rows: Sequence[TransferRow]) -> tuple[str, ...]:
    """For each method and way in how many other domains it holds, and what of the table is to be expected by chance."""
    if not rows:
        return ()
    methods = dict.fromkeys((row.submission, row.name, row.way) for row in rows if not row.origin)
    said = [_verdict([row for row in rows if (row.submission, row.name, row.way) == method]) for method in methods]
    count = sum(triple is not None for row in rows for triple in row.over.get(BASELINE, {}).values())
    chance = (
        f"{count} comparisons to {BASELINE} stand in this table, each with a 95 % interval of its own: were no method "
        f"different from it, about {0.05 * count:.1g} would still exclude zero."
    )
    return (*said, *_tuned(rows), *([chance] if count else []))


def _domains(rows: Iterable[TransferRow]) -> tuple[str, ...]:
    """Problems by name, that of origin first."""
    ordered = sorted(rows, key=lambda row: not row.origin)
    return tuple(dict.fromkeys(row.problem for row in ordered))


def _lines(row: TransferRow) -> list[Line]:
    ends = {"value": row.value, "low": row.low, "high": row.high, "refusal": row.refusal}
    parts = {"all": {**row.facts, **ends}} | row.facts.get("by_distribution", {})
    over = row.over.get(BASELINE, {})
    return [_line(row, name, part, over.get(name)) for name, part in parts.items()]


def _line(row: TransferRow, name: str, part: Mapping[str, Any], over: tuple[float, float, float] | None) -> Line:
    notes = ["where it comes from"] if row.origin else []
    notes += [row.status] if row.status != "ok" else []
    notes += [part["refusal"]] if part["refusal"] else []
    notes += [row.note] if row.note and name == "all" else []
    return Line(
        domain=row.place,
        method=row.name,
        way=WAYS[row.way],
        items=PARTS.get(name, name),
        value=part["value"],
        low=part["low"],
        high=part["high"],
        over=over,
        accuracy=part.get("transfer_acc"),
        note="; ".join(notes),
    )


def _marks(row: TransferRow) -> list[Line]:
    """Baselines and what needs no training; the two ends of the scale are 0 and 1."""
    return [
        Line(row.place, name, "", "all", *_ends(mark), None, mark["facts"].get("transfer_acc"), "", mark=True)
        for name, mark in row.marks.items()
        if name not in (WEAK, CEILING)
    ]


def _ends(mark: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    return mark["value"], mark["low"], mark["high"]


def _verdict(rows: Sequence[TransferRow]) -> str:
    """Latest word on each domain of one method and way."""
    latest = {row.problem: row for row in rows if not row.origin}
    groups: dict[str, list[str]] = {}
    for row in latest.values():
        groups.setdefault(_sign(row), []).append(row.place)
    above = groups.pop(_ABOVE, [])
    title = f"{rows[0].name}, {WAYS[rows[0].way]}: holds in {len(above)} of {len(latest)} other domains"
    told = [f"above {BASELINE} in {', '.join(above)}"] if above else []
    told += [f"{what} in {', '.join(places)}" for what, places in groups.items()]
    return f"{title}: {'; '.join(told)}."


_ABOVE = "above"


def _sign(row: TransferRow) -> str:
    over = row.over.get(BASELINE, {}).get("all")
    if row.status != "ok":
        return f"did not run ({row.status})"
    if over is None:
        return "not to be told: no PGR, or no paired difference,"
    return _ABOVE if over[1] > 0 else f"below {BASELINE}" if over[2] < 0 else f"not separated from {BASELINE}"


def _tuned(rows: Sequence[TransferRow]) -> list[str]:
    said = []
    for row in rows:
        over = row.over.get("as is", {}).get("all")
        if row.way == "as is" or over is None:
            continue
        change = f"{over[0]:+.3f} ({over[1]:+.3f} to {over[2]:+.3f})"
        paid = f", chosen with {row.answers} dev answers" if row.way == "retuned" else ""
        said.append(f"{row.name} on {row.place}: {WAYS[row.way]}{paid}; PGR changes by {change}, on the same draws.")
    return said
