"""Closed fractions of headroom, their geometric mean, and gates, all with intervals: the arithmetic of benchmarks."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from aarlab.problem.measures import Benchmark, Measured, Run
from aarlab.problem.resample import DRAWS, Floats, Resampled, means, percentiles

FLOOR = 0.0
"""Least fraction that enters the mean. What is worse than the base model counts as nothing gained, and so makes the
score 0 whatever the others are: nothing is bought with a loss. Nothing is clipped above."""
CHANGE = np.array([1.0, -1.0, 0.0])
"""Of (method, base, ceiling): what was gained over the base."""
HEADROOM = np.array([0.0, -1.0, 1.0])
"""What could be gained."""


def closed(benchmarks: Sequence[Benchmark], runs: Sequence[Run]) -> dict[str, Any]:
    """`score` (value, low, high; all None where a fraction cannot be measured), `benchmarks` and `gates` by name with
    their values and intervals, and the numbers of `runs`, `items` and `groups`. Raises ValueError as `score` does.
    """
    _check(benchmarks, runs)
    groups = np.unique(np.concatenate([run[one.name].group for run in runs for one in benchmarks]))
    table = np.stack([_counts(one, runs, groups) for one in benchmarks])
    mean, drawn = means(table), Resampled(table)
    scored, gates, fractions = {}, {}, []
    for place, one in enumerate(benchmarks):
        draw = partial(drawn.means, place)
        if one.gate:
            gates[one.name] = _gate(one, mean[place], draw(CHANGE))
        else:
            scored[one.name], draws = _fraction_of(one, mean[place], draw)
            fractions.append(draws)
    return {
        "score": _geometric([entry["fraction"] for entry in scored.values()], np.stack(fractions)),
        "benchmarks": scored,
        "gates": gates,
        "runs": len(runs),
        "items": round(float(table[:, 3].sum()) / len(runs)),
        "groups": len(groups),
    }


def _check(benchmarks: Sequence[Benchmark], runs: Sequence[Run]) -> None:
    if len(runs) < 2 or all(one.gate for one in benchmarks):
        raise ValueError("a score needs at least two runs and one benchmark that is no gate")
    if len({one.name for one in benchmarks}) < len(benchmarks):
        raise ValueError("two benchmarks have the same name")
    for run in runs:
        if missing := [one.name for one in benchmarks if one.name not in run]:
            raise ValueError(f"a run has no measurements of {', '.join(missing)}")


def _counts(benchmark: Benchmark, runs: Sequence[Run], groups: Any) -> Floats:
    """[4, groups, runs]: sums over items of method, base and ceiling, and numbers of items."""
    counts = np.zeros((4, len(groups), len(runs)))
    for index, run in enumerate(runs):
        found = run[benchmark.name]
        place = np.searchsorted(groups, found.group)
        for row, values in enumerate(_columns(benchmark, found)):
            counts[row, :, index] = np.bincount(place, weights=values, minlength=len(groups))
    return counts


def _columns(benchmark: Benchmark, found: Measured) -> list[Floats]:
    n = len(found.group)
    base = found.base if benchmark.base is None else np.full(n, benchmark.base)
    ceiling = found.ceiling if benchmark.ceiling is None else np.full(n, benchmark.ceiling)
    if ceiling is None and benchmark.gate:
        ceiling = np.zeros(n)
    if base is None or ceiling is None:
        raise ValueError(f"{benchmark.name} has no fixed base or ceiling, so runs must bring measured ones")
    columns = [np.asarray(values, dtype=np.float64) for values in (found.value, base, ceiling, np.ones(n))]
    if n == 0 or any(values.shape != (n,) or not np.isfinite(values).all() for values in columns):
        raise ValueError(f"measurements of {benchmark.name} must be finite arrays of one length, and not empty")
    return columns


def _fraction_of(one: Benchmark, mean: Floats, draw: Callable[[Floats], Floats]) -> tuple[dict[str, Any], Floats]:
    """Facts of a scored benchmark and draws of its fraction [DRAWS]. None of them is clipped."""
    room = draw(HEADROOM)
    free = percentiles(one.sign * (room[2] - room[1]))
    entry: dict[str, Any] = {"direction": one.direction, "fraction": None}
    entry |= {name: _round(value) for name, value in zip(("mean", "base", "ceiling"), mean, strict=True)}
    entry |= {"headroom_low": _round(free[0]), "headroom_high": _round(free[1])}
    if free[0] <= 0:
        return entry, np.zeros(DRAWS)
    fraction = _fraction(mean)
    draws = _fraction(draw(np.array([1.0, fraction - 1.0, -fraction]) / (mean[2] - mean[1])))  # linear in the means
    low, high = percentiles(draws)
    return entry | {"fraction": _round(fraction), "low": _round(low), "high": _round(high)}, draws


def _fraction(row: Floats) -> Any:
    """Of (method, base, ceiling) in the first axis; the direction cancels out."""
    return (row[0] - row[1]) / (row[2] - row[1])


def _geometric(points: Sequence[float | None], drawn: Floats) -> tuple[float | None, float | None, float | None]:
    if None in points:
        return None, None, None
    low, high = percentiles(_mean(drawn))
    return _round(_mean(np.array(points, dtype=np.float64))), _round(low), _round(high)


def _mean(fractions: Floats) -> Any:
    """Geometric mean over the first axis, each fraction clipped below at FLOOR."""
    return np.prod(np.maximum(fractions, FLOOR), axis=0) ** (1 / len(fractions))


def _gate(one: Benchmark, mean: Floats, draws: Floats) -> dict[str, Any]:
    """What a gate says of the change from the base model, counted so that a loss is negative.

    "gated" where the interval lies wholly below -margin.
    """
    low, high = percentiles(one.sign * (draws[0] - draws[1]))
    values = {"direction": one.direction, "mean": _round(mean[0]), "base": _round(mean[1])}
    return {**values, "low": _round(low), "high": _round(high), "verdict": "gated" if high < -one.margin else "kept"}


def _round(value: float) -> float:
    """Ten digits, as all scores: far above the last bits in which linear algebra libraries differ. No negative zero."""
    return round(float(value), 10) + 0.0
