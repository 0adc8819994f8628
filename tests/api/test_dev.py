"""Dev: coarse, once for each set of students, from a budget of the whole team."""

from pathlib import Path

import pytest

from aarlab.errors import ResearcherError
from aarlab.wire import ControlRequest, SessionRequest, UsageRequest
from tests.api.conftest import Begin
from tests.support.lab import FAST, LabProcess


def test_the_same_students_get_one_answer_and_cost_once(lab: LabProcess) -> None:
    r1, r2 = lab.admit("r1"), lab.admit("r2")
    before = r1.me().budgets.dev_answers
    first = r1.ask(b"0.3", b"0.4", b"0.5")
    orders = [(b"0.3", b"0.4", b"0.5"), (b"0.5", b"0.4", b"0.3"), (b"0.4", b"0.5", b"0.3")]
    again = [member.ask(*orders[number % 3]) for number in range(25) for member in (r1, r2)]
    assert {(seen.id, seen.answer) for seen in again} == {(first.id, first.answer)}
    assert r2.me().budgets.dev_answers == before - 1
    assert [event.kind for event in lab.events()].count("dev.answered") == 1


def test_answers_lie_on_the_grid_and_say_nothing_else(lab: LabProcess) -> None:
    seen = lab.admit("r1").ask(b"0.1", b"0.2", b"0.3")
    assert seen.answer is not None
    assert round(seen.answer / 0.005, 6).is_integer()
    assert abs(seen.answer - 0.7) < 0.1
    assert (seen.value, seen.low, seen.high, seen.facts, seen.refusal) == (None, None, None, {}, None)


def test_malformed_students_are_a_word_and_cost_one(lab: LabProcess) -> None:
    r1 = lab.admit("r1")
    before = r1.me().budgets.dev_answers
    seen = r1.ask(b"not a number", b"0.5", b"0.5")
    assert (seen.status, seen.answer) == ("malformed", None)
    assert r1.ask(b"not a number", b"0.5", b"0.5") == seen
    assert r1.me().budgets.dev_answers == before - 1


def test_the_37th_answer_is_refused_whoever_asks(begin: Begin) -> None:
    lab = begin(FAST)
    team = [lab.admit(f"r{number}") for number in range(3)]
    for number in range(36):
        assert team[number % 3].ask(b"0.5", b"0.5", f"0.{number + 100}".encode()).status == "ok"
    for member in team:
        assert member.me().budgets.dev_answers == 0
        with pytest.raises(ResearcherError, match="all 36 submissions to dev that the whole team has"):
            member.ask(b"0.9", b"0.9", b"0.9")
        assert member.ask(b"0.5", b"0.5", b"0.100").status == "ok"
    assert [event.kind for event in lab.events()].count("dev.requested") == 36


def test_a_researcher_has_no_more_than_its_own_cap(tmp_path: Path) -> None:
    lab = LabProcess(tmp_path / "s", FAST)
    text = lab.paths.config.read_text()
    lab.paths.config.write_text(f"{text}\n[[researcher]]\ndev_answers = 1\n[[researcher]]\nverifications = 0\n")
    lab.start()
    try:
        r1, r2 = lab.admit("r1"), lab.admit("r2")
        first = r1.ask()
        assert first.status == "ok"
        assert (r1.me().budgets.dev_answers, r2.me().budgets.dev_answers) == (0, 35)
        assert (r1.me().budgets.verifications, r2.me().budgets.verifications) == (12, 0)
        with pytest.raises(ResearcherError, match="all 1 submissions to dev that you have are used up"):
            r1.ask(b"0.1", b"0.2", b"0.3")
        with pytest.raises(ResearcherError, match="all 0 submissions to verify that you have are used up"):
            r2.prove()
        assert r1.ask() == first
        assert r2.ask(b"0.1", b"0.2", b"0.3").status == "ok"
    finally:
        lab.stop()


def test_money_ends_new_work_but_not_old_answers(begin: Begin) -> None:
    lab = begin(FAST | {"budget": {"dollars": 0.01}, "price": {"cpu_hour": 1.0}})
    r1 = lab.admit("r1")
    r1.ask()
    with lab.operator() as operator:
        operator.usage(UsageRequest(researcher="r1", experiments=2, cpu_seconds=36.0, wall_seconds=50.0))
        assert operator.state().dollars == pytest.approx(0.01)
        assert operator.state().budgets.experiments == 398
    with pytest.raises(ResearcherError, match="used up", check=lambda error: error.code == "budget"):
        r1.ask(b"0.1", b"0.1", b"0.1")
    with pytest.raises(ResearcherError, match="used up", check=lambda error: error.code == "budget"):
        r1.prove()
    assert r1.ask().status == "ok"


def test_who_is_paused_waits(begin: Begin) -> None:
    lab = begin(FAST)
    r1, r2 = lab.admit("r1"), lab.admit("r2")
    with lab.operator() as operator:
        operator.session(SessionRequest(action="start"))
        operator.control(ControlRequest(action="pause", researcher="r1", reason="lunch"))
        assert (r1.me().control, r2.me().control) == ("pause", "run")
        with pytest.raises(ResearcherError, match="paused", check=lambda error: error.code == "paused"):
            r1.ask()
        assert r2.ask().status == "ok"
        operator.control(ControlRequest(action="run"))
        assert r1.ask(b"0.1", b"0.1", b"0.1").status == "ok"
        assert operator.state().state == "running"
        operator.session(SessionRequest(action="end", reason="enough"))
        assert (operator.state().state, operator.state().reason) == ("stopped", "enough")
