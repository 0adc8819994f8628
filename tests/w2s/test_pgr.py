"""PGR: its value, its interval, its refusals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from aarlab.w2s.pgr import Outcome, difference, differences, fieller, summarise

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


@pytest.mark.parametrize("own_tests", [pytest.param(True, marks=pytest.mark.slow), False])
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


def test_a_difference_is_that_of_the_values_and_pairing_narrows_it() -> None:
    rng = np.random.default_rng(9)
    base = simulate(rng, pool=2000, test=800, seeds=6, own_tests=True)
    better = [replace(o, transfer=o.transfer | (rng.random(800) < 0.1)) for o in base]
    own, other = summarise(better), summarise(base)
    assert own.value is not None
    assert other.value is not None
    found = difference(better, base)
    assert found is not None
    value, low, high = found
    assert value == pytest.approx(own.value - other.value, abs=1e-9)
    assert 0 < low < value < high
    assert own.high is not None
    assert own.low is not None
    assert high - low < 0.8 * (own.high - own.low)
    assert difference(base, base) == (0, 0, 0)


def test_the_interval_of_a_difference_covers_the_truth_as_often_as_it_says() -> None:
    """One model gets a tenth of the answers to half of the items right for sure, the other one gets them wrong."""
    rng = np.random.default_rng(10)
    size = np.sqrt(ITEM**2 + OWN**2 + NOISE**2 + SEED**2)
    truth = 0.05 / float(norm.cdf(MEANS[2] / size) - norm.cdf(MEANS[1] / size))
    covered = []
    for _ in range(100):
        base = simulate(rng, pool=900, test=350, seeds=5, own_tests=True)
        half = rng.permutation(900)[:450]
        moved = [np.isin(o.group, half) & (rng.random(350) < 0.1) for o in base]
        up = [replace(o, transfer=o.transfer | move) for o, move in zip(base, moved, strict=True)]
        down = [replace(o, transfer=o.transfer & ~move) for o, move in zip(base, moved, strict=True)]
        found = difference(up, down)
        if found is not None:
            covered.append(found[1] <= truth <= found[2])
    assert len(covered) > 90
    assert 0.88 <= np.mean(covered) <= 0.99


def test_a_difference_needs_the_same_draws_and_a_gap() -> None:
    rng = np.random.default_rng(11)
    one, other = (simulate(rng, pool=900, test=350, seeds=3, own_tests=True) for _ in range(2))
    with pytest.raises(ValueError, match="same draws"):
        difference(one, other)
    with pytest.raises(ValueError, match="same two or more seeds"):
        difference(one, one[:2])
    right = [1, 0, 1, 1] * 50
    assert difference([outcome(right, right, right)] * 3, [outcome(right, right, right)] * 3) is None


def test_fieller_is_unbounded_where_the_denominator_may_be_zero() -> None:
    rng = np.random.default_rng(8)
    assert fieller(rng.standard_normal(500), rng.standard_normal(500) + 0.5) is None
    bounds = fieller(1 + 0.1 * rng.standard_normal(500), 4 + 0.1 * rng.standard_normal(500))
    assert bounds is not None
    assert bounds[0] < 0.25 < bounds[1]


def marked_half(outcomes: list[Outcome]) -> list[Outcome]:
    """Groups with odd numbers are outside of the distribution, every fifth group is unmarked."""
    marks = [np.where(o.group % 5 == 0, -1, o.group % 2).astype(np.int8) for o in outcomes]
    return [replace(o, ood=ood) for o, ood in zip(outcomes, marks, strict=True)]


def test_marked_items_have_scores_of_their_own_and_change_nothing_else() -> None:
    plain = simulate(np.random.default_rng(3), pool=2000, test=900, seeds=3, own_tests=True)
    outcomes = marked_half(plain)
    score = summarise(outcomes)
    parts = score.facts["by_distribution"]
    assert replace(score, facts={**score.facts, "by_distribution": None}) == replace(
        summarise(plain), facts={**summarise(plain).facts, "by_distribution": None}
    )
    for name, code in (("id", 0), ("ood", 1)):
        kept = [(o, o.ood == code) for o in outcomes if o.ood is not None]
        alone = [Outcome(o.group[k], o.transfer[k], o.weak[k], o.ceiling[k]) for o, k in kept]
        own = summarise(alone)
        assert [parts[name][end] for end in ("value", "low", "high")] == [own.value, own.low, own.high]
        assert parts[name]["items"] == own.facts["items"] < 0.5 * score.facts["items"]
    over = differences(outcomes, [replace(o, transfer=o.weak) for o in outcomes])
    assert over["all"] == (score.value, *over["all"][1:]) if over["all"] else False
    assert {name: found[0] for name, found in over.items() if found} == {
        "all": score.value,
        "id": parts["id"]["value"],
        "ood": parts["ood"]["value"],
    }


def test_a_part_is_refused_where_it_has_no_gap_and_hidden_where_it_is_small() -> None:
    plain = simulate(np.random.default_rng(4), pool=2000, test=900, seeds=3, own_tests=True)
    outcomes = [
        replace(o, ceiling=np.where(o.ood == 1, o.weak, o.ceiling), ood=np.where(o.group > 1960, 0, o.ood))
        for o in marked_half(plain)
    ]
    outcomes = [replace(o, ood=np.where((o.ood == 0) & (o.group <= 1960), -1, o.ood)) for o in outcomes]
    parts = summarise(outcomes).facts["by_distribution"]
    assert parts["ood"]["value"] is None
    assert "not measurably above" in parts["ood"]["refusal"]
    assert set(parts["id"]) == {"value", "low", "high", "refusal"}
    assert "fewer than 100 items" in parts["id"]["refusal"]
    assert differences(outcomes, outcomes) == {"all": (0.0, 0.0, 0.0), "id": None, "ood": None}


def test_data_without_marks_have_no_parts() -> None:
    outcomes = simulate(np.random.default_rng(5), pool=300, test=300, seeds=2, own_tests=False)
    assert "by_distribution" not in summarise(outcomes).facts
    assert list(differences(outcomes, outcomes)) == ["all"]
