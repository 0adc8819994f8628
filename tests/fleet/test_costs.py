"""One cap over models and sandboxes, kept at every entry of the ledger; tokens, GPU seconds and what is set aside."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aarlab.api.client import Operator
from aarlab.errors import ResearcherError
from aarlab.fleet.meter import Meter
from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.state import State
from aarlab.report.costs import costs
from aarlab.settings import PriceSettings
from aarlab.wire import Tokens
from tests.support.fleet import events
from tests.support.lab import FAST, LabProcess
from tests.support.llm_mind import toy, transcript
from tests.support.llm_server import Calls, llm_server

CAP = 1.0
MODEL = "openai-chat/scripted"
BURN = Calls(("bash", {"command": "timeout 0.3 sh -c 'while :; do :; done'"}))
PRICE = PriceSettings(cpu_hour=36.0, gpu_hour=360.0)


def test_models_and_sandboxes_together_never_exceed_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = toy(
        study={"researchers": 2},
        budget={"dollars": CAP},
        price={"model_input": 20.0, "model_output": 80.0, "cpu_hour": 540.0},
        minds={"output_tokens": 1000},
        sandbox={"seconds": 1.0},
    )
    paths = create_study(config, folder=tmp_path / "s")
    with llm_server(*[BURN] * 400) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        assert Fleet(paths, config).run().state == "finished"
        assert len(server.script) > 300
    state, found = State(), events(paths)
    for event in found:
        state.apply(event)
        if state.config is not None:
            assert spent_dollars(state) + sum(one.held for one in state.researchers.values()) <= CAP + 1e-9
    seen = costs(found)
    assert CAP / 2 < seen.dollars <= CAP
    assert sum(one.held for one in state.researchers.values()) == 0
    assert 0 < (seen.model_share or 0) < 1
    answers = [one for name in ("r1", "r2") for one in transcript(paths, name) if one["kind"] == "answer"]
    told = seen.total.models[MODEL]
    assert told.calls == len(answers) == len(server.requests)
    assert told.tokens.input == sum(one["tokens"]["input"] for one in answers) > 0
    assert told.tokens.output == sum(one["tokens"]["output"] for one in answers) > 0
    assert (
        told.dollars
        == pytest.approx(sum(one["dollars"] for one in answers))
        == pytest.approx((told.tokens.input * 20 + told.tokens.output * 80) / 1e6)
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    price = {"cpu_hour": PRICE.cpu_hour, "gpu_hour": PRICE.gpu_hour}
    settings = FAST | {"budget": {"dollars": 10.0, "verifications": 12}, "price": price}
    process = LabProcess(tmp_path_factory.mktemp("study"), settings).start()
    yield process
    process.stop()


@pytest.fixture
def operator(lab: LabProcess) -> Iterator[Operator]:
    with lab.operator() as operator:
        yield operator


def test_tokens_survive_a_crash_and_are_told_once(lab: LabProcess, operator: Operator, tmp_path: Path) -> None:
    lab.admit("r1")
    before = Meter(tmp_path / "u.json", operator, researcher="r1", price=PRICE)
    tokens = Tokens(input=1000, output=10, cache_read=900, cache_write=50)
    for _ in range(2):
        before.reserve(0.5)
        before.pay(0.125, model="anthropic/a", tokens=tokens)
    before.reserve(0.5)
    before.pay(0.0)
    before.reserve(0.25)  # killed while the model answers
    Meter(tmp_path / "u.json", operator, researcher="r1", price=PRICE).close()
    Meter(tmp_path / "u.json", operator, researcher="r1", price=PRICE).close()
    mine = next(one for one in operator.state().researchers if one.name == "r1")
    assert mine.models["anthropic/a"].calls == 2
    assert mine.models["anthropic/a"].tokens == Tokens(input=2000, output=20, cache_read=1800, cache_write=100)
    assert mine.models[""].model_dump(exclude={"tokens"}) == {"calls": 1, "dollars": 0.25}
    assert mine.model_dollars == 0.5


def test_a_journal_of_an_earlier_version_is_read(lab: LabProcess, operator: Operator, tmp_path: Path) -> None:
    lab.admit("r2")
    old = {"experiments": 3, "cpu_seconds": 1.0, "wall_seconds": 2.0, "model_dollars": 0.25, "reserved": 0.0}
    (tmp_path / "u.json").write_text(json.dumps(old))
    Meter(tmp_path / "u.json", operator, researcher="r2", price=PRICE).report()
    mine = next(one for one in operator.state().researchers if one.name == "r2")
    assert (mine.experiments, mine.model_dollars, mine.models) == (3, 0.25, {})


def test_gpu_seconds_are_priced_under_the_same_cap(lab: LabProcess, operator: Operator, tmp_path: Path) -> None:
    lab.admit("r3")
    before = operator.state().dollars
    meter = Meter(tmp_path / "u.json", operator, researcher="r3", price=PRICE)
    meter.ended(cpu_seconds=1.0, wall_seconds=2.0, gpus=4)
    meter.report()
    mine = next(one for one in operator.state().researchers if one.name == "r3")
    assert mine.gpu_seconds == 8.0
    assert operator.state().dollars - before == pytest.approx(1.0 * 0.01 + 8.0 * 0.1)
    assert meter.dollars == pytest.approx(0.81)


def test_what_one_has_set_aside_another_cannot_spend(lab: LabProcess, operator: Operator, tmp_path: Path) -> None:
    for name in ("r4", "r5"):
        lab.admit(name)
    one = Meter(tmp_path / "1.json", operator, researcher="r4", price=PRICE)
    other = Meter(tmp_path / "2.json", operator, researcher="r5", price=PRICE)
    free = operator.state().budgets.dollars
    one.reserve(free * 0.5)
    with pytest.raises(ResearcherError, match="the team has", check=lambda error: error.code == "budget"):
        other.hold(free * 0.6)
    other.hold(free * 0.05)
    with pytest.raises(ResearcherError, match="set aside", check=lambda error: error.code == "budget"):
        lab.member("r5").prove()  # 6 trainings of 30 s, at worst
    one.pay(0.0)
    one.close()
    other.hold(free * 0.9)
    other.ended(cpu_seconds=0.0, wall_seconds=0.0, held=free * 0.95)
    other.close()
    assert lab.member("r5").prove().status == "ok"
