"""Researchers that get nowhere: warned once, then paused with a reason, in whole studies."""

import json
from pathlib import Path
from typing import Any

import pytest

from aarlab.api.client import Operator
from aarlab.fleet.orchestrator import Fleet, Outcome
from aarlab.fleet.study import create_study
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.wire import Board, ControlRequest, StudyState
from tests.support.cli import aarlab
from tests.support.fleet import events, leftovers
from tests.support.llm_mind import toy, write
from tests.support.llm_server import Calls, Hangs, LlmServer, Reply, Request, Says, Step, llm_server

REPEATS: dict[str, Any] = {"repeats": 2, "empty_sessions": 2}
WARNING = "(watchdog) {}; if that goes on you are paused. Do something else, or say what is missing"


def use(server: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)


def run(folder: Path, watchdog: dict[str, Any]) -> tuple[StudyPaths, Outcome, State]:
    config = toy(watchdog=watchdog)
    paths = create_study(config, folder=folder)
    outcome = Fleet(paths, config).run()
    assert not leftovers(paths)
    return paths, outcome, State.of(events(paths))


def messages(state: State) -> list[str]:
    return list(state.researchers["r1"].messages)


def test_the_same_call_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[Request]()

    def look(request: Request) -> Reply:
        asked.append(request)
        return Calls(("view", {"path": "a.txt"}))

    other = Calls(("edit", {"path": "a.txt", "new": "x"}))
    with llm_server(other, *[look] * 3, other, *[look] * 9) as server:
        use(server, monkeypatch)
        paths, outcome, state = run(tmp_path / "s", REPEATS)
    words = WARNING.format("the same call had the same result 2 times more")
    assert messages(state) == [words, words]
    assert any(f"The operator says: {words}" in json.dumps(request.body) for request in asked)
    assert outcome.reason == "every researcher has finished or is paused"
    assert state.researchers["r1"].control == "pause"
    assert state.researchers["r1"].reason == "given up: the same call had the same result 4 times more"
    assert len(server.requests) == 1 + 3 + 1 + 5  # nothing is asked, or paid for, after that
    shown = aarlab("status", "--study", paths.root, cwd=tmp_path).out
    assert "r1 is paused: given up: the same call had the same result 4 times more" in shown


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Calls(("dig", {})), "4 calls in a row were refused or could not be carried out"),
        pytest.param(Says("Done."), "2 sessions in a row called no tool", marks=pytest.mark.slow),
    ],
)
def test_calls_that_fail_and_sessions_without_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Step, reason: str
) -> None:
    with llm_server() as server:
        server.at_end = step
        use(server, monkeypatch)
        _, _, state = run(tmp_path / "s", {**REPEATS, "repeats": 2})
    assert state.researchers["r1"].reason == f"given up: {reason}"
    assert len(messages(state)) == (2 if "calls" in reason else 1)


@pytest.mark.slow
def test_what_is_handed_in_again_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def freeze(_: Request) -> Reply:
        number = len(server.requests)
        return Calls(("snapshot", {"folder": "methods/a", "message": "mine"}), ("bash", {"command": f"echo {number}"}))

    with llm_server(Calls(write())) as server:
        server.at_end = freeze
        use(server, monkeypatch)
        _, _, state = run(tmp_path / "s", REPEATS)
    assert (
        state.researchers["r1"].reason == "given up: what was handed in already was handed in again, 4 times in a row"
    )
    assert len(messages(state)) == 1


def test_minutes_without_a_call_and_the_operator_lets_it_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that does not answer one researcher, until the operator lets that one run again."""
    config = toy(study={"researchers": 2}, watchdog={"idle_minutes": 0.02, "empty_sessions": 1})
    paths = create_study(config, folder=tmp_path / "s")
    reasons = list[str]()

    def operate(state: StudyState, _: Board) -> None:
        if state.researchers and state.researchers[0].control == "pause" and not reasons:
            reasons.append(state.researchers[0].reason)
            with Operator(paths.operator_socket) as operator:
                operator.control(ControlRequest(action="run", researcher="r1"))

    first = list[Request]()

    def policy(request: Request) -> Reply:
        if "You are r2." in request.user:
            number = len(server.requests)
            return (
                Says("Done.")
                if reasons and len(first) > 2
                else Calls(("bash", {"command": f"sleep .2; echo {number}"}))
            )
        first.append(request)
        return {1: Calls(("view", {"path": "a.txt"})), 2: Hangs()}.get(len(first), Says("Done."))

    with llm_server() as server:
        server.at_end = policy
        use(server, monkeypatch)
        Fleet(paths, config).run(operate)
    state = State.of(events(paths))
    assert reasons[0].startswith("given up: no tool was called for 0.04")
    assert state.researchers["r1"].reason == "given up: 1 sessions in a row called no tool"
    assert any(one.startswith("(watchdog) no tool was called for 0.02") for one in messages(state))
    assert not leftovers(paths)
