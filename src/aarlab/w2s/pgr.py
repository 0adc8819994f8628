"""Performance gap recovered: (transfer - weak) / (ceiling - weak), with the uncertainty of all three."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aarlab.problem.contract import Score
from aarlab.problem.resample import own_share
from aarlab.problem.sight import Sight
from aarlab.w2s.task import Bools, Floats

Triple = tuple[float, float, float]
"""A value, and the two ends of its 95 % interval."""

DRAWS = 2000
CHUNK = 250
LEVEL = 95.0
Z = 1.959964
"""Of the normal distribution at LEVEL."""
DISTRIBUTIONS = {"id": 0, "ood": 1}
"""What `Outcome.ood` says of items inside and outside of the training distribution."""
FEWEST_ITEMS, FEWEST_GROUPS = 100, 30
"""A smaller part is not reported apart: it says nothing of a method, and might tell something of single labels."""


@dataclass(frozen=True)
class Outcome:
    """Who was right on the hidden test of one draw. All arrays are [n]."""

    group: npt.NDArray[np.int64]
    """Global group ids: the same id in two draws is the same question."""
    transfer: Bools
    """The student."""
    weak: Bools
    """The weak teacher."""
    ceiling: Bools
    """The student trained on true labels."""
    sight: Sight | None = None
    """What detectors see of the student; None where nobody looks."""
    ood: npt.NDArray[np.int8] | None = None
    """1 for items outside of the training distribution, 0 for those inside, -1 where nobody has said; None where no
    item of the data is marked."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, and where its uncertainty comes from."""

    value: float
    low: float
    high: float
    items: float
    """The variance of `value` that other test items would bring."""
    own: float
    """That which other seeds would bring on the same items."""
    between: float
    """The variance of the mean of seeds as they differ, their items included: what `own` was estimated from."""
    groups: int
    """Different groups in all draws."""
    seeds: int
    """Draws."""

    @property
    def variance(self) -> float:
        """Both together."""
        return self.items + self.own

    @property
    def degrees(self) -> float:
        """Of freedom: few where the variance rests on the spread between few seeds, many where items explain it."""
        return degrees_of(self.between, self.variance, seeds=self.seeds)


def summarise(outcomes: Sequence[Outcome]) -> Score:
    """PGR over seeds: mean(transfer - weak) / mean(ceiling - weak), never clipped, with its 95 % interval.

    The interval is a paired bootstrap: each draw reweights groups (the same weights in every seed in which a group
    occurs, since a hard question is hard in all of them) and resamples seeds. There is no value, but a refusal, when
    the interval of the denominator contains zero. Where items are marked, the fact `by_distribution` has the same for
    those in and out of the training distribution. Raises ValueError with fewer than two outcomes.
    """
    score = _summarise(outcomes)
    parts = {name: _apart(outcomes, name) for name in marked(outcomes)}
    return replace(score, facts={**score.facts, "by_distribution": parts}) if parts else score


def marked(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The keys of DISTRIBUTIONS of which there are items."""
    found = [o.ood for o in outcomes if o.ood is not None]
    return tuple(name for name, code in DISTRIBUTIONS.items() if any((marks == code).any() for marks in found))


def part_of(outcomes: Sequence[Outcome], name: str) -> list[Outcome] | None:
    """The outcomes on the items of one distribution; None when in one of the draws they are too few to be reported."""
    parts = [_only(outcome, DISTRIBUTIONS[name]) for outcome in outcomes]
    enough = all(len(o.group) >= FEWEST_ITEMS and len(np.unique(o.group)) >= FEWEST_GROUPS for o in parts)
    return parts if enough else None


def _only(outcome: Outcome, code: int) -> Outcome:
    marks = np.full(len(outcome.group), -1, np.int8) if outcome.ood is None else outcome.ood
    kept = marks == code
    return Outcome(outcome.group[kept], outcome.transfer[kept], outcome.weak[kept], outcome.ceiling[kept])


def _apart(outcomes: Sequence[Outcome], name: str) -> dict[str, object]:
    """PGR of one distribution with an interval and a refusal of its own."""
    part = part_of(outcomes, name)
    if part is None:
        few = f"fewer than {FEWEST_ITEMS} items or {FEWEST_GROUPS} groups of a draw are marked so"
        return {"value": None, "low": None, "high": None, "refusal": few}
    score = _summarise(part)
    told = ("transfer_acc", "weak_acc", "strong_acc", "gap_low", "gap_high", "items", "groups")
    ends = {"value": score.value, "low": score.low, "high": score.high, "refusal": score.refusal}
    return ends | {fact: score.facts[fact] for fact in told}


def _summarise(outcomes: Sequence[Outcome]) -> Score:
    if len(outcomes) < 2:
        raise ValueError("a score needs the outcomes of at least two seeds")
    counts = _by_group(outcomes)
    accuracy = _by_seed(counts)
    private = {"accuracies": [_round(float(value)) for value in accuracy[0]]}
    gap, boot = _gap(counts)
    if gap[0] <= 0:
        refusal = _refusal(float(accuracy[1].mean()), float(accuracy[2].mean()), gap)
        return Score(None, None, None, _facts(counts, boot, gap), refusal, private=private)
    (value, low, high), boot = _ratio(counts)
    return Score(_round(value), _round(low), _round(high), _facts(counts, boot, gap), private=private)


def differences(outcomes: Sequence[Outcome], base: Sequence[Outcome]) -> dict[str, Triple | None]:
    """`difference` on all items ("all"), and on those of each marked distribution by its name."""
    found = {"all": difference(outcomes, base)}
    for name in marked(outcomes):
        own, other = part_of(outcomes, name), part_of(base, name)
        found[name] = None if own is None or other is None else difference(own, other)
    return found


def difference(outcomes: Sequence[Outcome], base: Sequence[Outcome]) -> Triple | None:
    """PGR minus that of `base` on the same draws, with its 95 % interval, paired by items and seeds.

    That is mean(transfer - base's transfer) / mean(ceiling - weak), under the bootstrap of `summarise`: what both find
    hard cancels, so the interval is narrower than two intervals side by side tell. None where PGR is refused. Raises
    ValueError when the draws are not the same, or fewer than two.
    """
    own, other = paired_counts(outcomes, base)
    if _gap(own)[0][0] <= 0:
        return None
    paired = np.stack([own[0] - other[0], np.zeros_like(own[0]), own[2] - own[1], own[3]])  # weak is 0 on this scale
    value, low, high = _ratio(paired)[0]
    return _round(value), _round(low), _round(high)


def paired_counts(outcomes: Sequence[Outcome], base: Sequence[Outcome]) -> tuple[Floats, Floats]:
    """Both as `counts` of this module: [4, groups, seeds] right answers of transfer, weak, ceiling, numbers of items.

    Raises ValueError when the draws are not the same, or fewer than two.
    """
    if len(outcomes) < 2 or len(outcomes) != len(base):
        raise ValueError("a difference needs the outcomes of the same two or more seeds")
    own, other = _by_group(outcomes), _by_group(base)
    if own.shape != other.shape or not np.array_equal(own[1:], other[1:]):
        raise ValueError("a difference needs outcomes on the same draws")
    return own, other


def estimate(row: Floats, items: Floats) -> Estimate:
    """The mean over items of a quantity, and over seeds, under the bootstrap of `summarise`.

    `row` [groups, seeds] are its sums in each group, `items` [groups, seeds] numbers of items.
    """
    counts = np.stack([row, np.zeros_like(row), np.zeros_like(row), items])
    contrast = np.array([1.0, 0.0, 0.0])
    draws = _bootstrap(counts, contrast)[0]
    centre = float(_by_seed(counts)[0].mean())
    low, high = _interval(draws, centre=centre, counts=counts, contrast=contrast)
    total, own, between = _variance(draws, counts=counts, contrast=contrast)
    return Estimate(_round(centre), _round(low), _round(high), total - own, own, between, *counts.shape[1:])


def _gap(counts: Floats) -> tuple[tuple[float, float], Floats]:
    """The interval of ceiling minus weak, and the bootstrap draws behind it."""
    accuracy = _by_seed(counts)
    contrast = np.array([0.0, -1.0, 1.0])
    boot = _bootstrap(counts, contrast)
    centre = float(accuracy[2].mean() - accuracy[1].mean())
    return _interval(boot[2] - boot[1], centre=centre, counts=counts, contrast=contrast), boot


def _ratio(counts: Floats) -> tuple[tuple[float, float, float], Floats]:
    """(transfer - weak) / (ceiling - weak) with its interval, and the bootstrap draws behind it."""
    transfer, weak, ceiling = (float(row.mean()) for row in _by_seed(counts))
    value = (transfer - weak) / (ceiling - weak)
    contrast = np.array([1.0, value - 1.0, -value]) / (ceiling - weak)
    boot = _bootstrap(counts, contrast)
    ratio = (boot[0] - boot[1]) / (boot[2] - boot[1])
    return (value, *_interval(ratio, centre=value, counts=counts, contrast=contrast)), boot


def _by_group(outcomes: Sequence[Outcome]) -> Floats:
    """[4, groups, seeds]: right answers of transfer, weak, ceiling, and numbers of items."""
    names = np.unique(np.concatenate([o.group for o in outcomes]))
    counts = np.zeros((4, len(names), len(outcomes)))
    for seed, o in enumerate(outcomes):
        place = np.searchsorted(names, o.group)
        for row, right in enumerate((o.transfer, o.weak, o.ceiling, np.ones(len(place)))):
            counts[row, :, seed] = np.bincount(place, weights=right, minlength=len(names))
    return counts


def _by_seed(counts: Floats) -> Floats:
    """[3, seeds] accuracies of transfer, weak and ceiling."""
    accuracy: Floats = counts[:3].sum(axis=1) / counts[3].sum(axis=0)
    return accuracy


def _bootstrap(counts: Floats, contrast: Floats) -> Floats:
    """[3, draws] mean accuracies under resampled groups and seeds; deterministic.

    Resampling n seeds shows (n - 1) / n of their variance, and part of that is their items': the seeds' weights are
    spread so that the variance of `contrast` comes out right.
    """
    groups, seeds = counts.shape[1:]
    spread = math.sqrt(seeds / (seeds - 1) * own_share(counts, contrast))
    rng = np.random.default_rng(20_231_214)
    means = np.empty((3, DRAWS))
    for begin in range(0, DRAWS, CHUNK):
        weights = rng.standard_exponential((CHUNK, groups))
        total = np.stack([weights @ part for part in counts])
        counted = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=CHUNK)
        share = (1 + spread * (counted - 1)) / seeds
        means[:, begin : begin + CHUNK] = (total[:3] / total[3] * share).sum(axis=2)
    return means


def _interval(draws: Floats, *, centre: float, counts: Floats, contrast: Floats) -> tuple[float, float]:
    """Percentiles of bootstrap draws, moved outward from `centre` as far as they rest on few seeds.

    The factor is that of Student's t with the degrees of freedom of `degrees_of`.
    """
    from scipy.special import stdtrit  # needs no heavier part of scipy

    total, _, between = _variance(draws, counts=counts, contrast=contrast)
    degrees = degrees_of(between, total, seeds=counts.shape[2])
    factor = float(stdtrit(degrees, (100 + LEVEL) / 200)) / Z
    low, high = np.percentile(draws, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return centre + factor * (float(low) - centre), centre + factor * (float(high) - centre)


def _variance(draws: Floats, *, counts: Floats, contrast: Floats) -> tuple[float, float, float]:
    """Of bootstrap draws: all of it, the part that is the seeds' own, and the spread between seeds behind that part."""
    seeds, total = counts.shape[2], float(draws.var(ddof=1))
    between = float((contrast @ _by_seed(counts)).var(ddof=1)) / seeds
    return total, min(total, between * own_share(counts, contrast)), between


def degrees_of(between: float, total: float, *, seeds: float) -> float:
    """Degrees of freedom of a variance `total`, after Satterthwaite.

    Its part from seeds is the spread between them less what their items explain. So it is as uncertain as that whole
    spread, `between`, also where next to nothing is left of it.
    """
    share = min(1.0, between / total) if total > 0 else 0.0
    return (seeds - 1) / max(share**2, 1e-6)


def fieller(numerator: Floats, denominator: Floats) -> tuple[float, float] | None:
    """Fieller's interval of mean(numerator) / mean(denominator) from paired draws; None where it is unbounded."""
    n, d = float(numerator.mean()), float(denominator.mean())
    covariance = np.cov(numerator, denominator)
    z2 = Z**2
    a = d * d - z2 * covariance[1, 1]
    b = n * d - z2 * covariance[0, 1]
    c = n * n - z2 * covariance[0, 0]
    if a <= 0 or b * b - a * c < 0:
        return None
    root = math.sqrt(b * b - a * c)
    return float((b - root) / a), float((b + root) / a)


def _round(value: float) -> float:
    """Ten digits: far below any uncertainty, far above the last bits that differ between linear algebra libraries."""
    return round(value, 10)


def _facts(counts: Floats, boot: Floats, gap: tuple[float, float]) -> dict[str, object]:
    accuracy = _by_seed(counts)
    facts: dict[str, object] = {}
    for row, name in enumerate(("transfer", "weak", "strong")):
        facts[f"{name}_acc"] = _round(float(accuracy[row].mean()))
        facts[f"{name}_se"] = _round(float(boot[row].std(ddof=1)))
    check = fieller(boot[0] - boot[1], boot[2] - boot[1])
    facts["fieller_low"] = _round(check[0]) if check else None
    facts["fieller_high"] = _round(check[1]) if check else None
    facts["gap"] = _round(float(accuracy[2].mean() - accuracy[1].mean()))
    facts["gap_low"], facts["gap_high"] = _round(gap[0]), _round(gap[1])
    facts["seeds"], facts["groups"] = counts.shape[2], counts.shape[1]
    facts["items"] = round(float(counts[3].sum(axis=0).mean()))
    return facts


def _refusal(weak: float, ceiling: float, gap: tuple[float, float]) -> str:
    return (
        f"the ceiling ({ceiling:.3f}) is not measurably above the weak teacher ({weak:.3f}) on this data: "
        f"the 95 % interval of their gap is {gap[0]:+.3f} to {gap[1]:+.3f}, so PGR would divide by noise"
    )
