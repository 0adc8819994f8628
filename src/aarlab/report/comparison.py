"""Arms of experiments, and studies that have nothing to do with each other, compared in what came of them."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from aarlab.errors import UserError
from aarlab.report.contrast import Difference, paired, unpaired
from aarlab.report.outcomes import Outcome

ABROAD = "on:"
"""Begins the name of an outcome on another domain: "on:math"."""
MEASURES: Mapping[str, tuple[str, str, float]] = {
    "best": ("best verified PGR", "PGR of the first-ranked row, 0 where none ranks", 0.05),
    "area-hours": ("frontier over hours", "mean height of the frontier over researcher-hours, in PGR", 0.05),
    "area-dollars": ("frontier over dollars", "mean height of the frontier over dollars, in PGR", 0.05),
    "entropy": ("diversity", "mean entropy of method families across researchers, in bits", 0.25),
}
"""Outcome -> title, what it is, and the difference that would matter (the margin), in its unit."""


@dataclass(frozen=True)
class Member:
    """One study of an arm."""

    arm: str
    """Its label."""
    pair: str
    """Studies of two arms with the same are a pair; "" = it has none."""
    outcome: Outcome
    """What came of it."""


@dataclass(frozen=True)
class Reached:
    """When an arm was at a level."""

    of: int
    """Studies."""
    count: int
    """Those whose frontier came to the level."""
    hours: float | None
    """Median researcher-hours over all studies, those that never came there counted as later; None = half did not."""
    dollars: float | None
    """Median dollars, likewise."""


@dataclass(frozen=True)
class ArmLine:
    """One arm."""

    arm: str
    """Its label."""
    studies: int
    """Finished ones."""
    values: dict[str, tuple[float, ...]]
    """Outcome -> value of each study."""
    hours: float
    """Researcher-hours of a study, mean."""
    dollars: float
    """Dollars of a study, mean."""
    reached: Reached | None
    """With a level."""

    def mean(self, name: str) -> float:
        """Of an outcome."""
        return statistics.fmean(self.values[name])


@dataclass(frozen=True)
class Contrast:
    """Two arms in one outcome."""

    measure: str
    """Name of the outcome."""
    one: str
    """Arm that is compared."""
    other: str
    """Arm that it is compared to."""
    difference: Difference
    """`one` minus `other`."""
    noise: float | None
    """With one study of each: half the width of the interval that carries the test items' noise alone."""


@dataclass(frozen=True)
class Comparison:
    """All of it."""

    arms: tuple[ArmLine, ...]
    """In the order in which they were given."""
    contrasts: tuple[Contrast, ...]
    """Every pair of arms in every outcome."""
    horizons: dict[str, float]
    """Axis -> to where the frontier was averaged: what the longest study used."""
    level: float | None
    """PGR, of `Reached`."""
    left_out: int
    """Studies that are not finished."""


def compare(members: Sequence[Member], *, measures: Sequence[str] = (), level: float | None = None) -> Comparison:
    """Compares. By default all outcomes that every study has. Raises UserError for fewer than two arms, and names."""
    done = [one for one in members if one.outcome.finished]
    arms = list(dict.fromkeys(one.arm for one in done))
    if len(arms) < 2:
        raise UserError(f"it takes two arms to compare, and {len(arms)} have finished studies; `aarlab status`")
    horizons = {axis: max(getattr(one.outcome, axis) for one in done) for axis in ("hours", "dollars")}
    names = _names(done, measures)
    values = [{name: _value(one.outcome, name, horizons) for name in names} for one in done]
    lines = tuple(_line(arm, done, values, level=level) for arm in arms)
    pairs = [(other, one) for one, other in combinations(arms, 2)]
    found = [_contrast(name, one, other, done, values) for name in names for one, other in pairs]
    return Comparison(lines, tuple(found), horizons, level, len(members) - len(done))


def title(name: str) -> str:
    """An outcome in words."""
    return MEASURES[name][0] if name in MEASURES else f"PGR on {name.removeprefix(ABROAD)}"


def margin(name: str) -> float:
    """The difference that would matter."""
    return MEASURES[name][2] if name in MEASURES else MEASURES["best"][2]


def _names(done: Sequence[Member], wanted: Sequence[str]) -> list[str]:
    places = sorted({place for one in done for place in one.outcome.abroad})
    every = [*MEASURES, *(f"{ABROAD}{place}" for place in places)]
    shared = [name for name in every if all(_has(one.outcome, name) for one in done)]
    for name in wanted:
        if name not in shared:
            why = "not every study has it" if name in every else "it is not known"
            raise UserError(f"--outcome {name}: {why}; there are {', '.join(shared)}")
    return list(wanted) or shared


def _has(outcome: Outcome, name: str) -> bool:
    if name == "entropy":
        return outcome.entropy is not None
    return not name.startswith(ABROAD) or name.removeprefix(ABROAD) in outcome.abroad


def _value(outcome: Outcome, name: str, horizons: Mapping[str, float]) -> float:
    if name.startswith(ABROAD):
        return outcome.abroad[name.removeprefix(ABROAD)]
    known: dict[str, Callable[[], float]] = {
        "best": lambda: outcome.best,
        "area-hours": lambda: outcome.area("hours", horizon=horizons["hours"]),
        "area-dollars": lambda: outcome.area("dollars", horizon=horizons["dollars"]),
        "entropy": lambda: outcome.entropy or 0.0,
    }
    return known[name]()


def _line(arm: str, done: Sequence[Member], values: Sequence[Mapping[str, float]], *, level: float | None) -> ArmLine:
    own = [(one.outcome, value) for one, value in zip(done, values, strict=True) if one.arm == arm]
    outcomes = [outcome for outcome, _ in own]
    return ArmLine(
        arm=arm,
        studies=len(own),
        values={name: tuple(value[name] for _, value in own) for name in own[0][1]},
        hours=statistics.fmean(one.hours for one in outcomes),
        dollars=statistics.fmean(one.dollars for one in outcomes),
        reached=None if level is None else _reached(outcomes, level),
    )


def _reached(outcomes: Sequence[Outcome], level: float) -> Reached:
    count = sum(one.reached(level, "hours") is not None for one in outcomes)
    return Reached(len(outcomes), count, _median(outcomes, level, "hours"), _median(outcomes, level, "dollars"))


def _median(outcomes: Sequence[Outcome], level: float, axis: str) -> float | None:
    """Of all, never = infinity: so it is not that of the lucky ones alone."""
    every = [one.reached(level, axis) for one in outcomes]
    found = statistics.median_high([math.inf if one is None else one for one in every])
    return None if math.isinf(found) else found


def _contrast(
    name: str, one: str, other: str, done: Sequence[Member], values: Sequence[Mapping[str, float]]
) -> Contrast:
    first, second = ([(m, v[name]) for m, v in zip(done, values, strict=True) if m.arm == arm] for arm in (one, other))
    seeds = {member.pair: value for member, value in second if member.pair}
    pairs = [value - seeds[member.pair] for member, value in first if member.pair in seeds]
    if pairs:
        found = paired(pairs, margin=margin(name))
    else:
        found = unpaired([value for _, value in first], [value for _, value in second], margin=margin(name))
    halves = [member.outcome.half for member, _ in (*first, *second)]
    known = [half for half in halves if half is not None]
    noise = math.hypot(*known) if name == "best" and len(known) == len(halves) == 2 else None
    return Contrast(name, one, other, found, noise)
