"""Models that know no tools: calls as JSON of an enforced form, by a scripted server and by a real small model."""

from pathlib import Path
from typing import Any

import pytest

from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study, request_stop
from aarlab.lab.chain import verify_chain
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.minds.llm.forced import END, HOW, NO_CALL
from aarlab.paths import StudyPaths
from tests.support.fleet import events, leftovers
from tests.support.lab import GOOD
from tests.support.llm_mind import Ids, toy, transcript
from tests.support.llm_server import Gives, Reply, Request, Says, Step, llm_server
from tests.support.local_model import local_model, needs_local_model

JSON = {"calls": "json"}
ENOUGH = 2
"""Answers of the real model after which the study is stopped."""


def call(tool: str, **arguments: Any) -> Gives:
    return Gives({"call": {"tool": tool, "arguments": arguments}})


def test_a_model_without_tools_earns_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[Request]()

    def results(request: Request) -> str:
        asked.append(request)
        return str(request.body["messages"][-1]["content"])

    class Told(Ids):
        def ids(self, request: Request) -> dict[str, str]:
            for line in results(request).splitlines():
                kind, _, rest = line.partition(" ")
                self.seen[kind] = rest.split(" ")[0].rstrip(":")
            return self.seen

    told = Told()

    def hand_in(tool: str) -> Step:
        def step(request: Request) -> Reply:
            known = told.ids(request)
            return call(tool, proposal=known["proposal"], snapshot=known["snapshot"])

        return step

    def propose(request: Request) -> Reply:
        told.ids(request)
        return call("propose", title="a plan", text="because")

    script: tuple[Step, ...] = (
        Says("I am a helpful assistant."),
        call("edit", path="methods/a/method.py", new=GOOD),
        call("snapshot", folder="methods/a", message="m", files=["method.py"], parents=[]),
        propose,
        hand_in("submit_dev"),
        hand_in("submit_verify"),
    )
    with llm_server(*script) as server:
        server.at_end = call(END)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        config = toy(minds=JSON, watchdog={"empty_sessions": 2})
        paths = create_study(config, folder=tmp_path / "s")
        Fleet(paths, config).run()
        assert not leftovers(paths)
        first, second = server.requests[0], server.requests[1]
    state = State.of(events(paths))
    assert [(one.door, one.status) for one in state.submissions.values()] == [("dev", "ok"), ("verify", "ok")]
    assert "tools" not in first.body
    assert first.body["response_format"]["type"] == "json_schema"
    assert HOW in first.system
    assert "submit_verify: " in first.system
    told_back = second.body["messages"][-1]["content"]
    assert told_back.startswith(f"result of {NO_CALL}:\nthere is no tool")
    assert state.researchers["r1"].reason == "given up: 2 sessions in a row called no tool"
    assert [one["tool"] for one in transcript(paths) if one["kind"] == "tool"][1:3] == ["edit", "snapshot"]


def stop_after_enough(paths: StudyPaths) -> None:
    path = paths.transcripts / "r1.jsonl"
    if path.exists() and path.read_text().count('"kind": "answer"') >= ENOUGH:
        request_stop(paths, reason="enough of it")


@needs_local_model
@pytest.mark.parametrize("calls", ["json", pytest.param("native", marks=pytest.mark.slow)])
def test_a_small_model_takes_part_whatever_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: str) -> None:
    prompt = tmp_path / "prompt.md"
    prompt.write_text("You are a researcher. Find a method, write it with edit, and hand it in.")
    minds = {"calls": calls, "prompt": str(prompt), "turns": 3, "output_tokens": 256, "context_tokens": 6000}
    config = toy(minds=minds, price={"model_input": 0.0, "model_output": 0.0}, watchdog={"repeats": 2})
    paths = create_study(config, folder=tmp_path / "s")
    with local_model() as base:
        monkeypatch.setenv("OPENAI_BASE_URL", base)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        outcome = Fleet(paths, config).run(lambda *_: stop_after_enough(paths))
    assert not leftovers(paths)
    assert outcome.reason in ("enough of it", "every researcher has finished or is paused")
    kept = transcript(paths)
    answers = [one for one in kept if one["kind"] == "answer"]
    assert answers
    assert all(one["tokens"]["output"] > 0 for one in answers)
    assert any(one["kind"] == "tool" for one in kept) == (calls == "json")
    verify_chain(list(read_events(paths.database)))
    state = State.of(events(paths))
    assert state.researchers["r1"].model_dollars == 0
