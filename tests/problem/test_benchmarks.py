"""Scores of several benchmarks: values by hand, clipping, gates, refusals, and intervals that cover what they say."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aarlab.problem.benchmarks import Benchmark, Measured, Run, score, visible
from aarlab.problem.contract import Score

RATE = Benchmark(name="rate", direction="down", base=0.5, ceiling=0.0)
SKILL = Benchmark(name="skill", direction="up", base=0.2, ceiling=0.8)
KEPT = Benchmark(name="kept", direction="up", base=0.7, gate=True)
SECRET = Benchmark(name="secret", direction="down", base=0.5, ceiling=0.0, hidden=True)


def share(rate: float, *, n: int = 100, first: int = 0, **more: Any) -> Measured:
    """n items of which exactly that share is 1."""
    return Measured(np.arange(n) + first, (np.arange(n) < round(rate * n)).astype(float), **more)


def runs_of(count: int = 3, **rates: float) -> list[Run]:
    return [{name: share(rate) for name, rate in rates.items()} for _ in range(count)]


def fraction(found: Score, name: str) -> Any:
    return found.facts["benchmarks"][name]["fraction"]


def test_the_value_is_the_geometric_mean_of_closed_fractions() -> None:
    found = score([RATE, SKILL], runs_of(rate=0.1, skill=0.5))
    assert (fraction(found, "rate"), fraction(found, "skill")) == (pytest.approx(0.8), pytest.approx(0.5))
    assert found.value == pytest.approx(0.4**0.5)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.4**0.5 < found.high
    assert (found.refusal, found.private, found.facts["runs"]) == (None, {}, 3)
    assert found.facts["ladder"] == {
        "level": found.value,
        "se": pytest.approx((found.high - found.low) / 3.92, rel=1e-4),
        "eta": 0.02,
    }


def test_a_gate_lets_a_method_lose_its_margin_and_no_more() -> None:
    lenient = Benchmark(name="kept", direction="up", base=0.7, gate=True, margin=0.2)
    lost = runs_of(rate=0.1, kept=0.55)
    assert (score([RATE, KEPT], lost).refusal or "").startswith("gated: ")
    assert score([RATE, lenient], lost).refusal is None
    assert score([RATE, lenient], runs_of(rate=0.1, kept=0.3)).refusal is not None


@pytest.mark.parametrize(
    "more", [{"margin": -0.1, "gate": True}, {"margin": 0.1}, {"margin": float("nan"), "gate": True}]
)
def test_a_margin_belongs_to_a_gate(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a margin belongs to a gate"):
        Benchmark(name="x", direction="up", **more)


def test_what_got_worse_makes_the_score_0_and_is_told_unclipped() -> None:
    found = score([RATE, SKILL], runs_of(rate=0.0, skill=0.05))
    assert (found.value, found.low) == (0.0, 0.0)
    assert fraction(found, "skill") == pytest.approx(-0.25)
    better = score([RATE, SKILL], runs_of(rate=0.0, skill=0.92))
    assert better.value == pytest.approx(1.2**0.5), "beyond the ceiling nothing is clipped"


def test_measured_base_and_ceiling_are_paired_with_what_is_measured() -> None:
    """Runs whose items differ in difficulty alone: numerator and denominator move together."""
    one = Benchmark(name="one", direction="up")
    rng = np.random.default_rng(0)
    shift = [rng.normal(0, 0.2, 200) for _ in range(4)]
    runs = [
        {"one": Measured(np.arange(200) + 200 * k, 0.5 + extra, base=0.2 + extra, ceiling=1.2 + extra)}
        for k, extra in enumerate(shift)
    ]
    found = score([one], runs)
    assert (found.value, found.low, found.high) == (pytest.approx(0.3), pytest.approx(0.3), pytest.approx(0.3))


def test_without_measurable_headroom_there_is_no_value() -> None:
    found = score([Benchmark(name="rate", direction="down", ceiling=0.0)], [{"rate": share(0, base=np.zeros(100))}] * 2)
    assert (found.value, found.low, found.high) == (None, None, None)
    assert "on rate the best possible (0.000) is not measurably better than the base model (0.000" in str(found.refusal)
    assert "ladder" not in found.facts


@pytest.mark.parametrize(("rate", "gated"), [(0.4, True), (0.68, False), (0.7, False), (0.99, False)])
def test_a_gate_closes_only_when_the_interval_lies_wholly_below(rate: float, gated: bool) -> None:
    found = score([RATE, KEPT], runs_of(rate=0.1, kept=rate))
    gate = found.facts["gates"]["kept"]
    assert gate["verdict"] == ("gated" if gated else "kept")
    assert (gate["high"] < 0) is gated
    assert (found.value is None) is gated
    assert fraction(found, "rate") == pytest.approx(0.8)
    if gated:
        assert str(found.refusal).startswith("gated: it gives up a capability: kept is 0.400 where the base model has")


def test_less_can_be_the_capability() -> None:
    slow = Benchmark(name="errors", direction="down", base=0.2, gate=True)
    assert score([RATE, slow], runs_of(rate=0.1, errors=0.5)).value is None
    assert score([RATE, slow], runs_of(rate=0.1, errors=0.05)).value is not None


def test_a_hidden_benchmark_is_in_the_private_part_alone() -> None:
    shown = [score([RATE, SKILL, SECRET], runs_of(rate=0.1, skill=0.5, secret=s)) for s in (0.5, 0.2, 0.0)]
    parts = {repr((one.value, one.low, one.high, one.facts, one.refusal)) for one in shown}
    assert len(parts) == 1, "nothing that researchers see depends on it"
    assert "secret" not in parts.pop()
    assert [one.private["value"] for one in shown] == [
        0.0,
        pytest.approx(0.24 ** (1 / 3)),
        pytest.approx(0.4 ** (1 / 3)),
    ]
    assert shown[1].private["benchmarks"]["secret"]["fraction"] == pytest.approx(0.6)
    assert [one["name"] for one in visible([RATE, SECRET, KEPT])] == ["rate", "kept"]


def test_the_final_set_counts_the_hidden_one() -> None:
    found = score([RATE, SKILL, SECRET], runs_of(rate=0.1, skill=0.5, secret=0.2), reveal=True)
    assert (found.value, found.private) == (pytest.approx(0.24 ** (1 / 3)), {})
    assert fraction(found, "secret") == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("a gate cannot be hidden", {"gate": True, "hidden": True}),
        ("nothing can be closed", {"base": 0.5, "ceiling": 0.4}),
        ("nothing can be closed", {"base": 0.5, "ceiling": 0.5}),
        ("nothing can be closed", {"direction": "down", "base": 0.1, "ceiling": 0.4}),
        ("must be finite", {"base": float("nan")}),
    ],
)
def test_a_declaration_that_cannot_be_scored_is_refused(words: str, more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=words):
        Benchmark(**{"name": "x", "direction": "up", **more})


@pytest.mark.parametrize(
    ("words", "benchmarks", "runs"),
    [
        ("at least two runs", [RATE], runs_of(1, rate=0.1)),
        ("one benchmark that is no gate", [KEPT], runs_of(kept=0.7)),
        ("the same name", [RATE, RATE], runs_of(rate=0.1)),
        ("no measurements of skill", [RATE, SKILL], runs_of(rate=0.1)),
        ("must bring measured ones", [Benchmark(name="rate", direction="up")], runs_of(rate=0.1)),
        ("finite arrays of one length", [RATE], [{"rate": Measured(np.arange(3), np.array([1.0, np.nan, 0.0]))}] * 2),
        ("finite arrays of one length", [RATE], [{"rate": Measured(np.arange(3), np.ones(2))}] * 2),
        ("not empty", [RATE], [{"rate": Measured(np.arange(0), np.ones(0))}] * 2),
    ],
)
def test_measurements_that_are_incomplete_are_refused(words: str, benchmarks: list[Benchmark], runs: list[Run]) -> None:
    with pytest.raises(ValueError, match=words):
        score(benchmarks, runs)


rates = st.lists(st.integers(0, 20), min_size=3, max_size=3)


@settings(max_examples=40, deadline=None)
@given(rates, rates, st.integers(0, 2), st.integers(0, 20))
def test_doing_better_on_any_run_never_costs(failed: list[int], solved: list[int], run: int, more: int) -> None:
    def found(failed: list[int], solved: list[int]) -> float:
        runs = [
            {"rate": share(f / 20, n=20), "skill": share(s / 20, n=20)} for f, s in zip(failed, solved, strict=True)
        ]
        value = score([RATE, SKILL], runs).value
        assert value is not None
        return value

    before = found(failed, solved)
    less = [*failed[:run], max(0, failed[run] - more), *failed[run + 1 :]]
    gain = [*solved[:run], min(20, solved[run] + more), *solved[run + 1 :]]
    assert found(less, solved) >= before - 1e-9
    assert found(failed, gain) >= before - 1e-9


def simulated(
    rng: np.random.Generator, *, own: float, runs: int = 5, groups: int = 50
) -> tuple[list[Run], list[Benchmark]]:
    """Three failures, their base measured on the same pairs of prompts, in runs that share the prompts and differ."""
    hard = rng.normal(0, 0.1, (3, groups)).repeat(2, axis=1)
    found: list[Run] = []
    for _ in range(runs):
        lucky = rng.normal(0, own)
        run = {}
        for place, rate in enumerate(RATES):
            value = rng.random(2 * groups) < np.clip(rate + lucky + hard[place], 0, 1)
            base = rng.random(2 * groups) < np.clip(0.6 + hard[place], 0, 1)
            ids = np.arange(groups).repeat(2) + groups * place
            run[f"b{place}"] = Measured(ids, value.astype(float), base=base.astype(float))
        found.append(run)
    return found, [Benchmark(name=f"b{place}", direction="down", ceiling=0.0) for place in range(3)]


RATES = (0.2, 0.3, 0.25)


@pytest.mark.parametrize(
    ("own", "least", "most"), [(0.04, 0.92, 0.98), pytest.param(0.0, 0.94, 1.0, marks=pytest.mark.slow)]
)
def test_intervals_cover_the_truth_in_500_studies(own: float, least: float, most: float) -> None:
    """Nominal 95 %. Where runs do not differ by themselves, that they might makes the interval conservative."""
    rng = np.random.default_rng(3)
    truth = float(np.prod([(0.6 - rate) / 0.6 for rate in RATES]) ** (1 / 3))
    hits = 0
    for _ in range(500):
        runs, benchmarks = simulated(rng, own=own)
        found = score(benchmarks, runs)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= truth <= found.high
    assert least <= hits / 500 <= most
