"""Differences between arms: intervals that hold what they promise, and words that say when there is too little."""

from collections.abc import Callable

import numpy as np
import pytest

from aarlab.report.contrast import TOO_FEW, Difference, paired, unpaired

MARGIN = 0.05
DRAWS = 400


def simulated(count: int, *, effect: float, spread: float) -> list[Difference]:
    """Experiments of `count` pairs whose true difference is `effect`."""
    rng = np.random.default_rng(count)
    return [paired(rng.normal(effect, spread, count).tolist(), margin=MARGIN) for _ in range(DRAWS)]


def share(found: list[Difference], holds: Callable[[Difference], bool]) -> float:
    """Of experiments."""
    return sum(map(holds, found)) / len(found)


def inside(one: Difference, truth: float) -> bool:
    """Whether the interval holds the truth."""
    assert one.low is not None
    assert one.high is not None
    return one.low <= truth <= one.high


@pytest.mark.parametrize("count", [3, 6])
def test_an_interval_holds_the_truth_in_95_of_100_experiments(count: int) -> None:
    found = simulated(count, effect=0.1, spread=0.15)
    assert 0.92 <= share(found, lambda one: inside(one, 0.1)) <= 0.98  # 4 standard errors are 0.044


def test_without_an_effect_it_is_claimed_in_about_5_of_100() -> None:
    found = simulated(4, effect=0.0, spread=0.15)
    assert share(found, lambda one: one.verdict in ("higher", "lower")) <= 0.09
    assert share(found, lambda one: one.verdict == TOO_FEW) >= 0.85


def test_a_large_effect_is_seen_and_a_small_spread_shows_that_there_is_none() -> None:
    assert share(simulated(4, effect=1.0, spread=0.15), lambda one: one.verdict == "higher") > 0.95
    assert share(simulated(6, effect=0.0, spread=0.01), lambda one: one.verdict == "no difference") > 0.9


@pytest.mark.parametrize("differences", [[0.3], [0.3, 0.31], [0.3, 0.3, 0.3], [0.0] * 5])
def test_too_few_repeats_are_called_that(differences: list[float]) -> None:
    found = paired(differences, margin=MARGIN)
    assert (found.verdict, found.pairs) == (TOO_FEW, len(differences))


def test_the_sign_flip_test_counts_all_ways() -> None:
    found = paired([0.1, 0.2, 0.3, 0.15], margin=MARGIN)
    assert found.exact == pytest.approx(2 / 2**4)
    assert paired([0.1, -0.2, 0.3], margin=MARGIN).exact == pytest.approx(6 / 8)


def test_how_many_repeats_would_do_grows_with_the_spread() -> None:
    narrow, wide = (paired([-s, s, -s, s], margin=MARGIN).needed for s in (0.02, 0.2))
    assert narrow is not None
    assert wide is not None
    assert narrow < 6 < 100 < wide


def test_what_is_not_paired_is_compared_by_welch() -> None:
    rng = np.random.default_rng(7)
    found = [
        unpaired(rng.normal(0.1, 0.1, 6).tolist(), rng.normal(0.0, 0.3, 4).tolist(), margin=MARGIN)
        for _ in range(DRAWS)
    ]
    assert 0.92 <= share(found, lambda one: inside(one, 0.1)) <= 0.99
    assert unpaired([0.5], [0.1, 0.2], margin=MARGIN).verdict == TOO_FEW
    assert unpaired([0.5, 0.5], [0.1, 0.1], margin=MARGIN).verdict == TOO_FEW
