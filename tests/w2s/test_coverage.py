"""Intervals cover the truth as often as they say, and power is as claimed, in studies whose truth is known."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from aarlab.w2s.gains import accuracy_change, accuracy_gain, pgr_change, pgr_gain, same_items
from aarlab.w2s.pgr import Estimate, summarise
from aarlab.w2s.power import detectable, needed, power_of
from tests.support.worlds import Imagined

SMALL = Imagined(pool=100, test=100, luck=0.1, means=(0.45, 0.45, 0.0, 1.2))
KINDS: Mapping[str, Imagined] = {
    "own tests": Imagined(),
    "one test for all seeds": Imagined(pool=250),
    "questions with three answers": Imagined(pool=250, test=90, size=3),
    "three seeds": Imagined(seeds=3),
    "two seeds": Imagined(seeds=2),
    "ten seeds": Imagined(seeds=10),
    "seeds differ much": Imagined(luck=0.2),
    "a method that helps": Imagined(means=(0.6, 0.45, 0.25, 0.95)),
}


def covered(imagined: Imagined, *, studies: int) -> dict[str, float]:
    """How often each interval holds the truth, among the studies that are not refused."""
    rng = np.random.default_rng(20_261_124)
    found: dict[str, list[bool]] = {"pgr": [], "fieller": [], "accuracy": [], "gain": []}
    for _ in range(studies):
        study = imagined.study(rng)
        score, gain, ratio = summarise(study.method), accuracy_gain(study), pgr_gain(study)
        found["accuracy"].append(gain.low <= imagined.gain <= gain.high)
        if score.low is None or score.high is None or ratio is None:
            continue
        found["pgr"].append(score.low <= imagined.pgr <= score.high)
        found["gain"].append(ratio.low <= imagined.gain_in_gaps <= ratio.high)
        if score.facts["fieller_low"] is not None:
            found["fieller"].append(score.facts["fieller_low"] <= imagined.pgr <= score.facts["fieller_high"])
    return {name: float(np.mean(held)) for name, held in found.items()}


def test_intervals_cover_the_truth_in_a_small_study() -> None:
    """Few studies, so a wide limit: at 95 % four standard errors of 30 are .16."""
    for name, share in covered(SMALL, studies=30).items():
        assert share >= 0.79, name


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_cover_the_truth_as_often_as_they_say(kind: str) -> None:
    found = covered(KINDS[kind], studies=600)
    fewest = {"fieller": 0.87}  # a check beside the interval; it takes the variance as known, so that few seeds cost it
    for name, share in found.items():
        assert fewest.get(name, 0.92) <= share <= 0.985, (name, found)


@pytest.mark.parametrize("studies", [20, pytest.param(400, marks=pytest.mark.slow)])
def test_pgr_is_refused_where_there_is_no_gap(studies: int) -> None:
    flat = Imagined(pool=100, test=100, means=(0.45, 0.45, 0.45, 0.45))
    rng = np.random.default_rng(1)
    scores = [summarise(flat.study(rng).method) for _ in range(studies)]
    assert np.mean([score.refusal is not None for score in scores]) >= 0.85
    assert all(score.value is None for score in scores if score.refusal)


@pytest.mark.parametrize("studies", [30, pytest.param(600, marks=pytest.mark.slow)])
def test_the_detectable_effect_is_seen_four_times_out_of_five(studies: int) -> None:
    """The effect is set to what an earlier study of the same kind says on average; no effect is rarely "seen"."""
    rng = np.random.default_rng(3)
    effect = float(np.mean([detectable(accuracy_gain(SMALL.study(rng))) for _ in range(8)]))
    shift = _margin_for(effect)
    helped = Imagined(pool=SMALL.pool, test=SMALL.test, luck=SMALL.luck, means=(0.45 + shift, *SMALL.means[1:]))
    assert helped.gain == pytest.approx(effect, abs=0.002)
    seen = np.mean([accuracy_gain(helped.study(rng)).low > 0 for _ in range(studies)])
    false = np.mean([accuracy_gain(SMALL.study(rng)).low > 0 for _ in range(studies)])
    wide = 4 * np.sqrt(0.8 * 0.2 / studies) if studies < 100 else 0.07
    assert abs(seen - 0.8) <= wide
    assert false <= (0.15 if studies < 100 else 0.05)


def _margin_for(effect: float) -> float:
    shifts = np.linspace(0, 1, 2001)
    gains = [Imagined(luck=SMALL.luck, means=(0.45 + shift, 0.45, 0.25, 0.95)).gain for shift in shifts]
    return float(shifts[int(np.searchsorted(gains, effect))])


def test_needed_sizes_would_do() -> None:
    """At the sizes that are named the same variances give just the power that is wanted."""
    found = Estimate(0.004, -0.01, 0.02, items=5e-5, own=5e-6, between=2e-5, groups=700, seeds=5)
    sizes = needed(found, 0.01)
    assert sizes.items is not None
    assert sizes.seeds is None  # the items' part alone is too large
    assert sizes.both is not None
    grown = sizes.both.items
    rarer = 5 / sizes.both.seeds
    larger = replace(found, items=5e-5 / grown, own=5e-6 * rarer, between=(1.5e-5 / grown + 5e-6) * rarer)
    larger = replace(larger, seeds=sizes.both.seeds)
    assert detectable(larger) == pytest.approx(0.01, rel=0.02)
    assert power_of(larger, 0.01) == pytest.approx(0.8, abs=0.02)
    assert power_of(found, detectable(found)) == pytest.approx(0.8, abs=0.01)
    large = needed(found, 0.1)
    assert large.items is not None
    assert large.items.items < 1
    with pytest.raises(ValueError, match="zero"):
        needed(found, 0.0)


def test_a_change_between_pairs_is_paired_where_items_are_the_same() -> None:
    rng = np.random.default_rng(4)
    kind = Imagined(pool=250, means=(0.6, 0.45, 0.25, 0.95))
    one, other = kind.study(rng), Imagined(pool=251, test=250, means=kind.means).study(rng)
    assert same_items(one, one)
    assert not same_items(one, other)
    still = accuracy_change(one, one)
    assert (still.value, still.low, still.high) == (0, 0, 0)
    apart = accuracy_change(one, other)
    assert apart.low < 0 < apart.high
    assert apart.value == pytest.approx(accuracy_gain(one).value - accuracy_gain(other).value)
    assert apart.variance == pytest.approx(accuracy_gain(one).variance + accuracy_gain(other).variance)
    ratio = pgr_change(one, other)
    assert ratio is not None
    assert ratio.low < ratio.value < ratio.high


def test_the_parts_of_the_variance_are_those_of_the_world() -> None:
    """Seeds that differ much have a large part of their own; with none of it nearly all is the items'."""
    rng = np.random.default_rng(6)
    shares = []
    for luck in (0.0, 0.4):
        found = [accuracy_gain(Imagined(pool=250, seeds=8, luck=luck, alike=0.0).study(rng)) for _ in range(4)]
        shares.append(np.mean([one.own / one.variance for one in found]))
    assert shares[0] < 0.3
    assert shares[1] > 0.7
