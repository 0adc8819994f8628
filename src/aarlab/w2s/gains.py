"""What a method gains over vanilla on the same items and seeds, and how a gain on one model pair differs from another.

All intervals are those of w2s.pgr: items by group and seeds resampled together, so that what both find hard cancels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aarlab.w2s.pgr import Estimate, Outcome, difference, estimate, paired_counts
from aarlab.w2s.task import Floats


@dataclass(frozen=True)
class Paired:
    """A method and vanilla on the same draws."""

    method: Sequence[Outcome]
    """Of each seed."""
    vanilla: Sequence[Outcome]
    """Of the same seeds."""


def accuracy_gain(pair: Paired) -> Estimate:
    """Accuracy of the method minus that of vanilla. Raises ValueError when the draws are not the same."""
    own, other = paired_counts(pair.method, pair.vanilla)
    return estimate(own[0] - other[0], own[3])


def pgr_gain(pair: Paired) -> Estimate | None:
    """The same in PGR: value and interval of w2s.pgr.difference. None where PGR is refused."""
    found = difference(pair.method, pair.vanilla)
    if found is None:
        return None
    row, items = _in_gaps(pair, found[0])
    return replace(estimate(row, items), value=found[0], low=found[1], high=found[2])


def same_items(large: Paired, small: Paired) -> bool:
    """Whether both pairs of models were tested on the same items in the same order, draw by draw."""
    if len(large.method) != len(small.method):
        return False
    return all(np.array_equal(a.group, b.group) for a, b in zip(large.method, small.method, strict=True))


def accuracy_change(large: Paired, small: Paired) -> Estimate:
    """The gain on the large pair minus that on the small one, in accuracy; paired where the items are the same."""
    if not same_items(large, small):
        return _apart(accuracy_gain(large), accuracy_gain(small))
    (own, base), (own_small, base_small) = (paired_counts(one.method, one.vanilla) for one in (large, small))
    return estimate(own[0] - base[0] - own_small[0] + base_small[0], own[3])


def pgr_change(large: Paired, small: Paired) -> Estimate | None:
    """The same in PGR, to first order in the two gaps. None where PGR is refused on either pair."""
    here, there = pgr_gain(large), pgr_gain(small)
    if here is None or there is None:
        return None
    if not same_items(large, small):
        return _apart(here, there)
    (row, items), (other, _) = _in_gaps(large, here.value), _in_gaps(small, there.value)
    return _moved(estimate(row - other, items), here.value - there.value)


def _in_gaps(pair: Paired, value: float) -> tuple[Floats, Floats]:
    """Sums by group and seed whose mean has the spread of the ratio `value`: what a ratio is to first order.

    (T - V - value (C - W)) / gap is zero on average; the second array has numbers of items.
    """
    own, other = paired_counts(pair.method, pair.vanilla)
    accuracy = own[1:3].sum(axis=1) / own[3].sum(axis=0)
    gap = float(accuracy[1].mean() - accuracy[0].mean())
    return (own[0] - other[0] - value * (own[2] - own[1])) / gap, own[3]


def _moved(found: Estimate, value: float) -> Estimate:
    by = value - found.value
    return replace(found, value=value, low=found.low + by, high=found.high + by)


def _apart(one: Estimate, other: Estimate) -> Estimate:
    """The difference of two independent estimates, its interval Welch's."""
    from scipy.special import stdtrit

    variance = one.variance + other.variance
    spread = one.variance**2 / one.degrees + other.variance**2 / other.degrees
    degrees = variance**2 / spread if spread > 0 else math.inf
    half = float(stdtrit(min(degrees, 1e6), 0.975)) * math.sqrt(variance)
    value = one.value - other.value
    return Estimate(
        value,
        value - half,
        value + half,
        items=one.items + other.items,
        own=one.own + other.own,
        between=one.between + other.between,
        groups=one.groups + other.groups,
        seeds=min(one.seeds, other.seeds),
    )
