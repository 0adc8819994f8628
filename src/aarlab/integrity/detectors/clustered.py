"""Shares with standard errors when items of one group stand or fall together, also in several runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aarlab.problem.sight import Bools, Floats, Ints, Sight


@dataclass(frozen=True)
class Share:
    """A mean over items."""

    value: float
    """The mean."""
    se: float
    """Its standard error over groups."""
    groups: int
    """How many there are."""


def mean_of(values: Sequence[Floats | Bools], *, groups: Sequence[Ints]) -> Share | None:
    """The mean of all values of all runs; a group's values count as one observation. None without any value."""
    every = np.concatenate([np.asarray(part, dtype=np.float64) for part in values])
    if len(every) == 0:
        return None
    names, place = np.unique(np.concatenate(groups), return_inverse=True)
    mean = float(every.mean())
    residual = np.bincount(place, weights=every - mean)
    count = len(names)
    se = math.sqrt(float((residual**2).sum()) * count / max(count - 1, 1)) / len(every)
    return Share(mean, se, count)


def distinct(sights: Sequence[Sight]) -> list[Sight]:
    """Without repetitions: a method that draws nothing gives the same dev answers under every seed."""
    kept: list[Sight] = []
    for sight in sights:
        same = (len(sight.answers) == len(s.answers) and np.array_equal(sight.answers, s.answers) for s in kept)
        if not any(same):
            kept.append(sight)
    return kept
