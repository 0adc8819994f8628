"""PGR: its value, its interval, its refusals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from aarlab.w2s.pgr import Outcome, fieller, summarise

MEANS = np.array([0.45, 0.25, 0.95])
"""Of the latent margins of transfer, weak and ceiling in the simulated world."""
ITEM, OWN, NOISE, SEED = 0.8, 0.5, 0.5, 0.06
"""Standard deviations: shared difficulty of an item, that for one model, chance in one run, luck of one seed."""


def simulate(rng: np.random.Generator, *, pool: int, test: int, seeds: int, own_tests: bool) -> list[Outcome]:
    """Outcomes of a study whose true PGR is known; every seed has a test of its own, or all have the same."""
    shared = ITEM * rng.standard_normal(pool) + OWN * rng.standard_normal((3, pool))
    outcomes = []
    for _ in range(seeds):
        items = rng.permutation(pool)[:test] if own_tests else np.arange(test)
        margin = MEANS[:, None] + shared[:, items] + SEED * rng.standard_normal((3, 1))
        right = margin + NOISE * rng.standard_normal((3, test)) > 0
        outcomes.append(Outcome(group=items, transfer=right[0], weak=right[1], ceiling=right[2]))
    return outcomes


def true_pgr() -> float:
    transfer, weak, ceiling = norm.cdf(MEANS / np.sqrt(ITEM**2 + OWN**2 + NOISE**2 + SEED**2))
    return float((transfer - weak) / (ceiling - weak))


def outcome(transfer: list[int], weak: list[int], ceiling: list[int]) -> Outcome:
    return Outcome(np.arange(len(transfer)), *(np.array(x, dtype=bool) for x in (transfer, weak, ceiling)))


def test_the_value_is_the_ratio_of_mean_gains() -> None:
    rng = np.random.default_rng(0)
    outcomes = simulate(rng, pool=3000, test=1000, seeds=4, own_tests=True)
    transfer, weak, ceiling = (
        np.mean([getattr(o, name).mean() for o in outcomes]) for name in ("transfer", "weak", "ceiling")
    )
    score = summarise(outcomes)
    assert score.value == pytest.approx((transfer - weak) / (ceiling - weak), abs=1e-9)
    assert score.low is not None
    assert score.high is not None
    assert score.low < score.value < score.high
    assert score.facts["seeds"] == 4
    assert score.facts["items"] == 1000
    assert score.facts["transfer_acc"] == pytest.approx(transfer)
    assert score.facts["gap_low"] < score.facts["gap"] < score.facts["gap_high"]


def test_the_weak_teacher_scores_zero_and_the_ceiling_one_exactly() -> None:
    outcomes = simulate(np.random.default_rng(1), pool=500, test=500, seeds=3, own_tests=False)
    weak = summarise([replace(o, transfer=o.weak) for o in outcomes])
    ceiling = summarise([replace(o, transfer=o.ceiling) for o in outcomes])
    assert (weak.value, weak.low, weak.high) == (0, 0, 0)
    assert (ceiling.value, ceiling.low, ceiling.high) == (1, 1, 1)


def test_values_outside_zero_and_one_are_not_clipped() -> None:
    outcomes = simulate(np.random.default_rng(2), pool=2000, test=800, seeds=3, own_tests=True)
    perfect = summarise([replace(o, transfer=np.ones(800, dtype=bool)) for o in outcomes])
    wrong = summarise([replace(o, transfer=np.zeros(800, dtype=bool)) for o in outcomes])
    assert perfect.value is not None
    assert perfect.value > 1.5
    assert wrong.value is not None
    assert wrong.value < -1.5


def test_the_same_outcomes_give_the_same_score() -> None:
    outcomes = simulate(np.random.default_rng(3), pool=600, test=300, seeds=3, own_tests=True)
    assert summarise(outcomes) == summarise(outcomes)


def test_no_value_where_the_gap_may_be_zero() -> None:
    rng = np.random.default_rng(4)
    outcomes = [
        Outcome(np.arange(100), *(rng.random(100) < p for p in (0.62, 0.6, 0.62)))  # two points, five from chance
        for _ in range(3)
    ]
    score = summarise(outcomes)
    assert (score.value, score.low, score.high) == (None, None, None)
    assert score.refusal is not None
    assert "not measurably above the weak teacher" in score.refusal
    assert score.facts["gap_low"] <= 0


def test_no_value_where_the_ceiling_is_below_the_teacher() -> None:
    rng = np.random.default_rng(5)
    outcomes = [Outcome(np.arange(900), *(rng.random(900) < p for p in (0.6, 0.8, 0.6))) for _ in range(4)]
    assert summarise(outcomes).value is None


def test_identical_ceiling_and_teacher_are_refused() -> None:
    right = [1, 0, 1, 1] * 50
    assert summarise([outcome(right, right, right)] * 3).refusal is not None


def test_one_seed_has_no_score() -> None:
    with pytest.raises(ValueError, match="two seeds"):
        summarise([outcome([1, 0], [0, 0], [1, 1])])


def test_items_of_one_group_count_as_one() -> None:
    """Ten copies of every item are no more evidence than one."""
    outcomes = simulate(np.random.default_rng(6), pool=300, test=300, seeds=3, own_tests=False)
    copies = [Outcome(*(np.repeat(x, 10) for x in (o.group, o.transfer, o.weak, o.ceiling))) for o in outcomes]
    one, ten = summarise(outcomes), summarise(copies)
    assert ten.value == pytest.approx(one.value)
    assert ten.low == pytest.approx(one.low, abs=1e-6)


@pytest.mark.parametrize("own_tests", [True, False])
def test_the_interval_covers_the_truth_as_often_as_it_says(own_tests: bool) -> None:
    rng = np.random.default_rng(7)
    sizes = {"pool": 900, "test": 350} if own_tests else {"pool": 350, "test": 350}
    scores = [summarise(simulate(rng, seeds=5, own_tests=own_tests, **sizes)) for _ in range(200)]
    found = [s for s in scores if s.value is not None and s.low is not None and s.high is not None]
    assert len(found) > 190
    ends = np.array([(s.low, s.high, s.facts["fieller_low"]) for s in found], dtype=float)
    covered = np.mean((ends[:, 0] <= true_pgr()) & (true_pgr() <= ends[:, 1]))
    assert 0.91 <= covered <= 0.995
    agreed = np.abs(ends[:, 2] - ends[:, 0]) < 0.5 * (ends[:, 1] - ends[:, 0])
    assert np.mean(agreed) > 0.95


def test_fieller_is_unbounded_where_the_denominator_may_be_zero() -> None:
    rng = np.random.default_rng(8)
    assert fieller(rng.standard_normal(500), rng.standard_normal(500) + 0.5) is None
    bounds = fieller(1 + 0.1 * rng.standard_normal(500), 4 + 0.1 * rng.standard_normal(500))
    assert bounds is not None
    assert bounds[0] < 0.25 < bounds[1]
