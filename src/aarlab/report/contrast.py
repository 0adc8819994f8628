"""Differences between arms over few repeats, with intervals that are wide where there are few, and words that say so.

The interval is Student's t over the differences of pairs (same seed in both arms), or Welch's where nothing is paired.
Beside it stands the exact sign-flip test, which assumes no normal distribution: with n pairs its p is at least 2 / 2^n.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

CONFIDENCE = 0.95
LEAST = 3
"""Repeats below which nothing is said: with two, a t interval hangs on one number."""
EXACT_LEAST = 6
"""Pairs from which the sign-flip test can reach 0.05 (2 / 2^6): asked for where all differences are the same number."""
_POWER = 1.96 + 0.84
"""Normal quantiles for an interval of 95 % and a power of 80 %."""
_FLIPS = 9_999

Verdict = Literal["higher", "lower", "no difference", "not enough repeats to tell"]
TOO_FEW: Final = "not enough repeats to tell"


@dataclass(frozen=True)
class Difference:
    """One arm against another, in one outcome."""

    pairs: int
    """Pairs of repeats; for what is not paired, repeats of the smaller arm."""
    paired: bool
    """Whether repeats with the same seed were compared."""
    mean: float
    """First arm minus second."""
    low: float | None
    """Lower end of the 95 % interval over repeats; None where there are too few."""
    high: float | None
    """Upper end."""
    exact: float | None
    """p of the exact sign-flip test; None where nothing is paired or one pair is all."""
    verdict: Verdict
    """What can be said: "no difference" = none as large as the margin."""
    needed: int | None
    """About so many repeats show a difference as large as the margin in four of five experiments; None = unknown."""


def paired(differences: Sequence[float], *, margin: float) -> Difference:
    """Of pairs; `margin` is the difference that would matter, in the outcome's unit."""
    count, mean = len(differences), math.fsum(differences) / len(differences)
    if count < 2:
        return Difference(count, True, mean, None, None, None, TOO_FEW, None)
    from scipy import stats

    spread = _sd(differences)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * spread / math.sqrt(count)
    low, high = mean - half, mean + half
    said = _verdict(low, high, margin=margin, enough=count >= (LEAST if spread > 0 else EXACT_LEAST))
    return Difference(count, True, mean, low, high, _sign_flips(differences), said, _needed(spread, margin))


def unpaired(one: Sequence[float], other: Sequence[float], *, margin: float) -> Difference:
    """Of independent repeats (Welch 1947)."""
    mean = math.fsum(one) / len(one) - math.fsum(other) / len(other)
    count = min(len(one), len(other))
    if count < 2:
        return Difference(count, False, mean, None, None, None, TOO_FEW, None)
    from scipy import stats

    spread = math.sqrt(_sd(one) ** 2 + _sd(other) ** 2)
    if spread == 0:
        said = _verdict(mean, mean, margin=margin, enough=count >= EXACT_LEAST)
        return Difference(count, False, mean, mean, mean, None, said, None)
    interval = stats.ttest_ind(one, other, equal_var=False).confidence_interval(CONFIDENCE)
    low, high = float(interval.low), float(interval.high)
    said = _verdict(low, high, margin=margin, enough=count >= LEAST)
    return Difference(count, False, mean, low, high, None, said, _needed(spread, margin))


def _verdict(low: float, high: float, *, margin: float, enough: bool) -> Verdict:
    if not enough:
        return TOO_FEW
    if low > 0 or high < 0:
        return "higher" if low > 0 else "lower"
    return "no difference" if -margin < low and high < margin else TOO_FEW


def _sd(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return spread if spread > 1e-12 * max(map(abs, values), default=0.0) else 0.0


def _needed(spread: float, margin: float) -> int | None:
    return math.ceil((_POWER * spread / margin) ** 2) + 2 if spread > 0 else None


def _sign_flips(differences: Sequence[float]) -> float:
    """Two-sided: the share of ways to swap arms within pairs with a mean as far from 0; all ways up to 13 pairs."""
    import numpy as np
    from scipy import stats

    data = (np.asarray(differences),)
    found = stats.permutation_test(
        data, np.mean, permutation_type="samples", n_resamples=_FLIPS, rng=np.random.default_rng(0)
    )
    return float(found.pvalue)
