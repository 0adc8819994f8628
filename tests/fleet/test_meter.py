"""The meter against a real lab: what was used is counted once, whatever crashes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aarlab.api.client import Operator
from aarlab.fleet.bench import fair_share
from aarlab.fleet.meter import Meter
from aarlab.settings import BudgetSettings, PriceSettings, ResearcherSettings
from tests.support.lab import LabProcess


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    process = LabProcess(tmp_path_factory.mktemp("study")).start()
    yield process
    process.stop()


@pytest.fixture
def operator(lab: LabProcess) -> Iterator[Operator]:
    with lab.operator() as operator:
        yield operator


def counted(operator: Operator, name: str) -> tuple[int, float]:
    one = next(one for one in operator.state().researchers if one.name == name)
    return one.experiments, one.cpu_seconds


def test_what_was_used_is_told_in_batches(lab: LabProcess, operator: Operator, tmp_path: Path) -> None:
    lab.admit("r1")
    meter = Meter(tmp_path / "u.json", operator, researcher="r1", price=PriceSettings(), batch=3)
    meter.starts(2)
    meter.ended(cpu_seconds=1.5, wall_seconds=2.0)
    assert counted(operator, "r1") == (0, 0.0)
    meter.starts(1)
    meter.ended(cpu_seconds=0.5, wall_seconds=1.0)
    assert counted(operator, "r1") == (3, 2.0)
    meter.report()
    assert counted(operator, "r1") == (3, 2.0)


def test_a_crash_before_the_report_loses_nothing(lab: LabProcess, operator: Operator, tmp_path: Path) -> None:
    lab.admit("r2")
    before = Meter(tmp_path / "u.json", operator, researcher="r2", price=PriceSettings(), batch=100)
    before.starts(5)
    before.ended(cpu_seconds=3.0, wall_seconds=4.0)
    before.starts(1)  # killed while it trains
    after = Meter(tmp_path / "u.json", operator, researcher="r2", price=PriceSettings(), batch=100)
    assert after.experiments == 6
    after.report()
    assert counted(operator, "r2") == (6, 3.0)


def test_a_crash_after_the_report_counts_nothing_twice(lab: LabProcess, operator: Operator, tmp_path: Path) -> None:
    lab.admit("r3")
    before = Meter(tmp_path / "u.json", operator, researcher="r3", price=PriceSettings(), batch=1)
    before.starts(2)
    before.ended(cpu_seconds=1.0, wall_seconds=2.0)
    after = Meter(tmp_path / "u.json", operator, researcher="r3", price=PriceSettings(), batch=1)
    after.report()
    assert counted(operator, "r3") == (2, 1.0)


def test_a_call_of_a_model_that_was_under_way_counts_at_its_worst(
    lab: LabProcess, operator: Operator, tmp_path: Path
) -> None:
    lab.admit("r4")
    before = Meter(tmp_path / "u.json", operator, researcher="r4", price=PriceSettings())
    before.reserve(0.5)
    before.pay(0.125)
    before.reserve(0.25)  # killed while the model answers
    after = Meter(tmp_path / "u.json", operator, researcher="r4", price=PriceSettings())
    assert after.model_dollars == 0.375
    after.report()
    assert operator.state().budgets.dollars == pytest.approx(1.0 - 0.375 - sum_of_cores(operator))
    Meter(tmp_path / "u.json", operator, researcher="r4", price=PriceSettings()).report()
    one = next(one for one in operator.state().researchers if one.name == "r4")
    assert one.model_dollars == 0.375


def sum_of_cores(operator: Operator) -> float:
    return sum(one.cpu_seconds for one in operator.state().researchers) / 3600 * 0.04


def test_caps_are_kept_and_the_rest_is_shared() -> None:
    budget = BudgetSettings(experiments=100, dev_answers=10, verifications=3, dollars=1.0)
    own = [ResearcherSettings(dollars=0.4, dev_answers=1), ResearcherSettings(), ResearcherSettings(experiments=0)]
    one, two, three = (fair_share(budget, index=index, researchers=3, own=own) for index in range(3))
    assert (one.dollars, two.dollars, three.dollars) == pytest.approx((0.4, 0.3, 0.3))
    assert (one.dev_answers, two.dev_answers, three.dev_answers) == (1, 5, 4)
    assert (one.experiments, two.experiments, three.experiments) == (50, 50, 0)
    tenths = BudgetSettings(dollars=0.3)
    assert fair_share(tenths, index=2, researchers=3, own=[ResearcherSettings(dollars=0.1)] * 3).dollars == 0.1


def test_shares_add_up_to_the_budget() -> None:
    budget = BudgetSettings(experiments=100, dev_answers=37, verifications=5)
    shares = [fair_share(budget, index=index, researchers=7) for index in range(7)]
    assert sum(one.experiments for one in shares) == 100
    assert sum(one.dev_answers for one in shares) == 37
    assert sum(one.verifications for one in shares) == 5
    assert sum(one.dollars for one in shares) == pytest.approx(budget.dollars)
    assert max(one.dev_answers for one in shares) - min(one.dev_answers for one in shares) == 1
