"""What can be said of a method on a larger pair of models, in numbers and in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aarlab.w2s.gains import Paired, accuracy_change, accuracy_gain, pgr_change, pgr_gain, same_items
from aarlab.w2s.pgr import Estimate, Outcome, summarise
from aarlab.w2s.power import Design, Needed, detectable, needed


@dataclass(frozen=True)
class Scored:
    """One method on one pair of models."""

    accuracy: float
    pgr: float | None
    """None where it is refused."""
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Gain:
    """A difference with its interval, and what could have been seen."""

    value: float
    low: float
    high: float
    se_items: float
    """Standard error that the choice of test items brings."""
    se_seeds: float
    """That which seeds bring on the same items."""
    detectable: float
    """The smallest effect that would have been separated from zero with probability .8."""


@dataclass(frozen=True)
class OnPair:
    """A method beside vanilla on one pair of models."""

    weak: float
    """Accuracy of the weak teacher."""
    ceiling: float
    """Accuracy of the ceiling."""
    method: Scored
    vanilla: Scored
    accuracy: Gain
    """Over vanilla, in accuracy."""
    pgr: Gain | None
    """Over vanilla, in PGR."""
    refusal: str | None
    """Why there is no PGR."""
    items: int
    """Test items of a draw."""
    groups: int
    """Different groups in all draws."""
    seeds: int
    """Draws."""
    verdict: str
    """In words."""


@dataclass(frozen=True)
class Wanted:
    """What it would take to see an effect with probability .8; None where no design within reason would do."""

    effect: float
    """In accuracy."""
    origin: str
    """Where the effect comes from."""
    items: int | None
    """Test items of a draw, with the seeds that there were."""
    seeds: int | None
    """Draws, on the items that there were."""
    both: tuple[int, int] | None
    """Items of a draw and draws, grown by the same factor."""
    words: str
    """The same as a sentence."""


@dataclass(frozen=True)
class Carried:
    """The gain on the large pair minus that on the small one."""

    paired: bool
    """Whether both were tested on the same items."""
    accuracy: Gain
    pgr: Gain | None
    """None where PGR is refused on either."""
    verdict: str
    """In words."""


@dataclass(frozen=True)
class Comparison:
    """All that `aarlab scale` finds out."""

    large: OnPair
    small: OnPair
    carried: Carried
    wanted: Wanted | None
    """None where no effect was hoped for or seen."""


def compare(large: Paired, small: Paired, *, effect: float | None = None) -> Comparison:
    """Sums two pairs of models up. `effect` is hoped for, in accuracy; by default what the small pair showed."""
    here, there = on_pair(large), on_pair(small)
    change = accuracy_change(large, small)
    ratio = pgr_change(large, small)
    carried = Carried(
        paired=same_items(large, small),
        accuracy=_gain(change),
        pgr=None if ratio is None else _gain(ratio),
        verdict=_carried(here.accuracy, there.accuracy, _gain(change)),
    )
    origin = "hoped for" if effect is not None else "seen on the small pair"
    aim = abs(there.accuracy.value if effect is None else effect)
    wanted = _wanted(accuracy_gain(large), aim, items=here.items, origin=origin) if aim else None
    return Comparison(here, there, carried, wanted)


def on_pair(pair: Paired) -> OnPair:
    """Sums one pair of models up. Raises ValueError when the draws are not the same."""
    gain, ratio = accuracy_gain(pair), pgr_gain(pair)
    score = summarise(pair.method)
    accuracy, in_pgr = _gain(gain), None if ratio is None else _gain(ratio)
    return OnPair(
        weak=score.facts["weak_acc"],
        ceiling=score.facts["strong_acc"],
        method=_scored(pair.method),
        vanilla=_scored(pair.vanilla),
        accuracy=accuracy,
        pgr=in_pgr,
        refusal=score.refusal,
        items=score.facts["items"],
        groups=gain.groups,
        seeds=gain.seeds,
        verdict=_verdict(accuracy, in_pgr),
    )


def points(value: float) -> str:
    """+2.3 of a gain of .023."""
    return f"{100 * value:+.1f}"


def _scored(outcomes: Sequence[Outcome]) -> Scored:
    score = summarise(outcomes)
    return Scored(score.facts["transfer_acc"], score.value, score.low, score.high)


def _gain(found: Estimate) -> Gain:
    return Gain(
        value=found.value,
        low=found.low,
        high=found.high,
        se_items=math.sqrt(found.items),
        se_seeds=math.sqrt(found.own),
        detectable=detectable(found),
    )


def _sign(gain: Gain) -> int:
    return int(gain.low > 0) - int(gain.high < 0)


def _within(gain: Gain) -> str:
    return f"{points(gain.value)} points of accuracy [{points(gain.low)}, {points(gain.high)}]"


def _verdict(gain: Gain, ratio: Gain | None) -> str:
    also = f", {ratio.value:+.3f} PGR [{ratio.low:+.3f}, {ratio.high:+.3f}]" if ratio else ""
    if sign := _sign(gain):
        return f"{'better' if sign > 0 else 'worse'} than vanilla by {_within(gain)}{also}"
    return (
        f"no significant difference to vanilla: {_within(gain)}{also}; "
        f"an effect of {100 * gain.detectable:.1f} points or more would have been seen with probability .8"
    )


def _carried(large: Gain, small: Gain, change: Gain) -> str:
    """By the signs of the gain on the large pair, of that on the small one, and of their difference."""
    by = f"{_within(change)} against the small pair"
    here, there, moved = _sign(large), _sign(small), _sign(change)
    unseen = f"a change of {100 * change.detectable:.1f} points or more would have been seen with probability .8"
    if there <= 0:
        return f"no significant gain is seen on the small pair that could carry over; the large pair has {by}"
    if here < 0:
        return f"the gain does not carry over: the method harms on the large pair; {by}"
    if here == 0:
        lost = "the gain does not carry over" if moved < 0 else "it is open whether the gain carries over"
        return f"{lost}: none is seen on the large pair; {by}"
    if moved == 0:
        return f"the gain carries over, with no significant change: {by}; {unseen}"
    return f"the gain carries over and is {'smaller' if moved < 0 else 'larger'} there: {by}"


def _wanted(found: Estimate, effect: float, *, items: int, origin: str) -> Wanted:
    sizes = needed(found, effect)
    more = None if sizes.items is None else _times(sizes.items, items)
    seeds = None if sizes.seeds is None else sizes.seeds.seeds
    both = None if sizes.both is None else (_times(sizes.both, items), sizes.both.seeds)
    words = _needed(sizes, found.seeds, items=items)
    told = f"to see an effect of {100 * effect:.1f} points ({origin}) with probability .8: {words}"
    return Wanted(effect, origin, more, seeds, both, told)


def _times(design: Design, items: int) -> int:
    return math.ceil(design.items * items)


def _needed(sizes: Needed, seeds: int, *, items: int) -> str:
    options = []
    if sizes.items is not None:
        options.append(f"{_times(sizes.items, items):,} test items a draw with {seeds} seeds")
    if sizes.seeds is not None:
        options.append(f"{sizes.seeds.seeds:,} seeds with {items:,} items")
    elif sizes.both is not None:
        options.append(f"{_times(sizes.both, items):,} items with {sizes.both.seeds:,} seeds")
    if not options:
        return "no experiment within reason is large enough"
    never = "" if sizes.seeds is not None else "; more seeds on these items alone never do"
    return f"it takes {' or '.join(options)} (here: {items:,} items, {seeds} seeds){never}"
