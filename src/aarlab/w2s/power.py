"""Which effects an experiment could have seen, and how large it would have had to be to see a smaller one."""

import math
from dataclasses import dataclass

import numpy as np

from aarlab.w2s.pgr import Estimate
from aarlab.w2s.task import Floats

POWER = 0.8
"""With this probability an effect of the detectable size ends in an interval that excludes zero."""
LEAST, MOST, STEPS = 0.01, 10_000.0, 4000
"""Designs that are tried, as multiples of what there was. More than the most is as good as never."""
TINY = 1e-300


@dataclass(frozen=True)
class Design:
    """A size of experiment, as multiples of what there was."""

    items: float
    """Test items (groups of them), in every draw and in the pool behind the draws."""
    seeds: int
    """Draws."""


@dataclass(frozen=True)
class Needed:
    """What would have been enough to see an effect with probability POWER; None where nothing would."""

    items: Design | None
    """More items, with the seeds that there were."""
    seeds: Design | None
    """More seeds, on the items that there were: the part of the variance that is the items' stays."""
    both: Design | None
    """Items and seeds grown by the same factor."""


def detectable(found: Estimate, *, power: float = POWER) -> float:
    """The smallest effect that is separated from zero with probability `power`, on the scale of the estimate.

    From the standard error of the bootstrap and the noncentral t distribution with the interval's own degrees of
    freedom (Welch, Satterthwaite). The variance is taken as known, as it is in every such calculation.
    """
    return float(_detectable(np.array([found.variance]), np.array([found.degrees]), power)[0])


def power_of(found: Estimate, effect: float) -> float:
    """The probability with which an effect of that size is separated from zero, on its own side."""
    from scipy.special import nctdtr, stdtrit

    if found.variance == 0:
        return 1.0 if effect else 0.0
    degrees = found.degrees
    return float(1 - nctdtr(degrees, abs(effect) / math.sqrt(found.variance), stdtrit(degrees, 0.975)))


def needed(found: Estimate, effect: float, *, power: float = POWER) -> Needed:
    """The smallest designs in which an effect of that size would be seen. Raises ValueError when it is zero.

    The items' part of the variance falls with the number of items, the seeds' own with that of seeds.
    """
    if effect == 0:
        raise ValueError("no experiment is large enough to see an effect of zero")

    factors = np.geomspace(LEAST, MOST, STEPS)
    whole = np.maximum(2.0, np.ceil(factors * found.seeds - 1e-9))
    here, counts = np.full(STEPS, float(found.seeds)), np.unique(whole)
    items = _first(found, factors, here, effect=effect, power=power)
    seeds = _first(found, np.ones(len(counts)), counts, effect=effect, power=power)
    return Needed(items=items, seeds=seeds, both=_first(found, factors, whole, effect=effect, power=power))


def _first(found: Estimate, items: Floats, seeds: Floats, *, effect: float, power: float) -> Design | None:
    """The first of these designs in which the effect is large enough.

    All are looked at: with few seeds a larger test can lower the degrees of freedom faster than the variance.
    """
    more = seeds / found.seeds
    variance = found.items / items + found.own / more
    between = (max(0.0, found.between - found.own) / items + found.own) / more
    share = np.minimum(1.0, between / np.maximum(variance, TINY))
    enough = _detectable(variance, (seeds - 1) / np.maximum(share**2, 1e-6), power) <= abs(effect)
    if not enough.any():
        return None
    place = int(enough.argmax())
    return Design(float(items[place]), int(seeds[place]))


def _detectable(variance: Floats, degrees: Floats, power: float) -> Floats:
    from scipy.special import nctdtrinc, stdtrit

    found: Floats = nctdtrinc(degrees, 1 - power, stdtrit(degrees, 0.975)) * np.sqrt(variance)
    return found
