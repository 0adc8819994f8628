"""Whole studies by a scripted language model: the real library, server, sandbox and ledger."""

from pathlib import Path

import pytest

from aarlab.errors import UserError
from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from tests.support.fleet import FleetProcess, events, leftovers, settings
from tests.support.llm_mind import ENDS, Ids, files_with, toy, transcript, verified, write
from tests.support.llm_server import KEY, Calls, Fails, Hangs, LlmServer, Reply, Request, Says, Step, llm_server

EMBEDDED = """
from aarlab.w2s import Student, Task
from aarlab.w2s.methods import METHODS


def train(task: Task, *, seed: int) -> Student:
    return METHODS["agreement"](task, seed=seed)
"""


def use(server: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)


def run(config: StudyConfig, folder: Path) -> tuple[StudyPaths, State]:
    paths = create_study(config, folder=folder)
    Fleet(paths, config).run()
    assert not leftovers(paths)
    return paths, State.of(events(paths))


@pytest.mark.slow
def test_a_model_researches_the_embedded_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = ("bash", {"command": "true\ncat /proc/1/environ"})
    script = (Calls(write(EMBEDDED), look), *verified(Ids()))
    with llm_server(*script, Says("Done."), *ENDS) as server:
        use(server, monkeypatch)
        config = settings(minds={"kind": "llm", "model": "anthropic/claude-sonnet-5-5"}, budget={"dollars": 5.0})
        _, state = run(config, tmp_path / "s")
    assert [(one.door, one.status) for one in state.submissions.values()] == [("dev", "ok"), ("verify", "ok")]
    assert "looks through /proc" in str(
        [one.statistic for one in state.incidents.values() if one.detector == "transcript"]
    )


def test_the_money_is_never_exceeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = toy(budget={"dollars": 0.1}, price={"model_input": 1.0, "model_output": 4.0, "cpu_hour": 0.0})
    with llm_server(*[Calls(("bash", {"command": "true"}))] * 200) as server:
        use(server, monkeypatch)
        paths, state = run(config, tmp_path / "s")
        assert 3 < len(server.requests) < 200
    assert 0.05 < spent_dollars(state) <= 0.1
    assert "goes no further: a call may cost $" in (paths.logs / "r1.log").read_text()


@pytest.mark.slow
def test_a_wrong_key_stops_at_once_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = toy()
    paths = create_study(config, folder=tmp_path / "s")
    with llm_server(Fails(401, message=f"wrong key {KEY}")) as server:
        use(server, monkeypatch)
        with pytest.raises(UserError) as error:
            Fleet(paths, config).run()
        assert len(server.requests) == 1
    expected = "minds.model = 'openai-chat/scripted': the provider refused the key; set OPENAI_API_KEY"
    assert str(error.value) == expected
    state = State.of(events(paths))
    assert state.researchers["r1"].reason == f"given up: {expected}"
    assert state.researchers["r1"].model_dollars == 0
    assert not leftovers(paths)
    assert not files_with(KEY, paths.root)


def test_a_long_conversation_is_cut_and_goes_on_from_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Calls(("bash", {"command": "seq 1 1500"}))
    asked = list[Request]()

    def cut(request: Request) -> Reply:
        asked.append(request)
        return Calls(("bash", {"command": "true"}))

    script: tuple[Step, ...] = (
        Calls(("note", {"text": "remember the threshold"})),
        *[noise] * 12,
        cut,
        Fails(400, code="context_length_exceeded", message="maximum context length is 10 tokens"),
        cut,
        Says("Done."),
    )
    with llm_server(*script, *ENDS) as server:
        use(server, monkeypatch)
        paths, _ = run(toy(minds={"context_tokens": 12_000}), tmp_path / "s")
    assert "remember the threshold" in asked[0].user
    assert "earlier turns of this session were left out" in asked[0].user
    assert all(request.size / 4 < 14_000 for request in server.requests)
    cuts = [one["left_out"] for one in transcript(paths) if one["kind"] == "cut"]
    assert cuts == sorted(cuts)
    assert len(cuts) >= 2
    assert any("soon its oldest turns will be left out" in str(one) for one in transcript(paths))


@pytest.mark.slow
def test_a_long_output_is_cut_and_kept_and_a_session_follows_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[Request]()

    def look(request: Request) -> Reply:
        seen.append(request)
        return Calls(("view", {"path": "/work/outputs/0001.txt", "start": 5001, "lines": 2}), ("note", {"text": "n1"}))

    def last(request: Request) -> Reply:
        seen.append(request)
        return Says("Done.")

    with llm_server(Calls(("bash", {"command": "seq 1 9000"})), look, last, *ENDS) as server:
        use(server, monkeypatch)
        run(toy(minds={"turns": 2}), tmp_path / "s")
    assert "characters left out; all of it is in /work/outputs/0001.txt" in seen[0].results[0]
    assert len(seen[0].results[0]) < 12_200
    assert seen[1].results == []
    assert "# Your notes\n\nn1" in seen[1].user


@pytest.mark.slow
def test_what_was_killed_goes_on_from_its_notes_and_hands_in_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, openings = Ids(), list[str]()

    def again(request: Request) -> Reply:
        openings.append(request.user)
        return Calls(write())

    before = (Calls(write(), ("note", {"text": "method a is written"})), *verified(ids)[:2])
    config = toy()
    paths = create_study(config, folder=tmp_path / "s")
    with llm_server(*before) as server:
        use(server, monkeypatch)
        server.at_end = Hangs()
        first = FleetProcess(paths)
        first.until(lambda: len(server.requests) == 4)
        first.kill()
    with llm_server(again, *verified(ids), Says("Done."), *ENDS) as server:
        use(server, monkeypatch)
        Fleet(paths, config).run()
    state = State.of(events(paths))
    assert "method a is written" in openings[0]
    assert "- submission " in openings[0]
    assert [(one.door, one.status) for one in state.submissions.values()] == [("dev", "ok"), ("verify", "ok")]
    assert len(state.findings) == 1
    known = sum(one.get("dollars", 0.0) for one in transcript(paths))
    assert state.researchers["r1"].model_dollars > known + 0.008  # the call that was under way counts at its worst
    assert not leftovers(paths)
