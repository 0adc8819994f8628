"""Whole studies by the real Claude Agent SDK and its program, which speak to a scripted provider on loopback."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from aarlab.api.client import Operator
from aarlab.errors import UserError
from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from aarlab.wire import ControlRequest, SteerRequest
from tests.support.fleet import FleetProcess, events, leftovers
from tests.support.lab import until
from tests.support.llm_mind import ENDS, Ids, files_with, toy, transcript, verified, write
from tests.support.llm_server import (
    KEY,
    Calls,
    DropsMidway,
    Fails,
    Hangs,
    LlmServer,
    Reply,
    Request,
    Says,
    Step,
    llm_server,
)

pytestmark = pytest.mark.slow
pytest.importorskip("claude_agent_sdk", reason="the Claude Agent SDK is not installed: pip install aarlab[claude]")

MODEL = "anthropic/claude-sonnet-5-5"
PREFIX = "mcp__lab__"


def ours(step: Step) -> Step:
    """The step with our tools as the harness names them."""

    def named(request: Request) -> Reply:
        reply = step(request) if callable(step) else step
        if isinstance(reply, Calls):
            return Calls(*((f"{PREFIX}{name}", given) for name, given in reply.calls), text=reply.text)
        return reply

    return named


def study(**tables: dict[str, Any]) -> StudyConfig:
    minds = {"kind": "agent", "agent": "claude-sdk", "model": MODEL} | tables.pop("minds", {})
    return toy(minds=minds, **tables)


def use(server: LlmServer, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OTHER_SECRET", "sk-other-secret-0815")


def run(config: StudyConfig, folder: Path) -> tuple[StudyPaths, State]:
    paths = create_study(config, folder=folder)
    Fleet(paths, config).run()
    assert not leftovers(paths)
    assert programs(folder.parent) == []
    return paths, State.of(events(paths))


def programs(folder: Path) -> list[int]:
    """Processes of the harness that keep their files below a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line, environment = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        if line.split(b"\0")[0].endswith(b"_bundled/claude") and f"{folder}/".encode() in environment:
            found.append(int(entry.name))
    return found


def test_from_a_direction_to_a_verified_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[Request]()

    def look(request: Request) -> Reply:
        seen.append(request)
        return Calls(write(), ("bash", {"command": "pwd; cat /etc/shadow"}), text="I look.")

    def note(request: Request) -> Reply:
        seen.append(request)
        return Calls(("note", {"text": "remember"}))

    script = (look, note, *verified(Ids()), Says("Done."))
    with llm_server(*map(ours, script), *ENDS) as server:
        use(server, monkeypatch, tmp_path)
        paths, state = run(study(), tmp_path / "s")
        assert all(request.body["model"] == "claude-sonnet-5-5" for request in server.requests)
        assert all(name.startswith(PREFIX) for request in server.requests for name in request.tools)
        environment = " ".join(json.dumps(request.body) for request in server.requests)
    assert KEY not in environment
    assert "Cheating disqualifies" in seen[0].system
    assert "Your direction:" in seen[0].user
    assert seen[1].results[1].splitlines()[2].startswith("/work")
    assert [(one.door, one.status) for one in state.submissions.values()] == [("dev", "ok"), ("verify", "ok")]
    assert [one.kind for one in state.findings.values()] == ["result"]
    found = transcript(paths)
    kinds = {one["kind"] for one in found}
    assert kinds == {"session", "message", "answer", "tool", "session ended"}
    told = sum(one.get("dollars", 0.0) for one in found)
    assert 0 < told == pytest.approx(state.researchers["r1"].model_dollars)
    assert not files_with(KEY, paths.root)


def test_the_money_is_never_exceeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = study(
        budget={"dollars": 0.2},
        price={"model_input": 1.0, "model_output": 4.0, "cpu_hour": 0.0},
        minds={"output_tokens": 2048},
    )
    with llm_server(*[ours(Calls(("bash", {"command": "true"})))] * 100) as server:
        use(server, monkeypatch, tmp_path)
        paths, state = run(config, tmp_path / "s")
        assert 3 < len(server.requests) < 100
    assert 0.1 < spent_dollars(state) <= 0.2
    assert "goes no further: a call may cost $" in (paths.logs / "r1.log").read_text()


def test_a_wrong_key_stops_at_once_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = study()
    paths = create_study(config, folder=tmp_path / "s")
    with llm_server(Fails(401, message=f"wrong key {KEY}")) as server:
        use(server, monkeypatch, tmp_path)
        with pytest.raises(UserError) as error:
            Fleet(paths, config).run()
        assert len(server.requests) == 1
    expected = f"minds.model = '{MODEL}': the provider refused the key; set ANTHROPIC_API_KEY"
    assert str(error.value) == expected
    state = State.of(events(paths))
    assert state.researchers["r1"].reason == f"given up: {expected}"
    assert state.researchers["r1"].model_dollars == 0
    assert (programs(tmp_path), leftovers(paths), files_with(KEY, paths.root)) == ([], [], [])


def test_what_may_pass_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (Fails(529, code="overloaded_error"), DropsMidway(), Fails(429), Calls(("note", {"text": "n1"})))
    with llm_server(*map(ours, script), Says("Done."), *ENDS) as server:
        use(server, monkeypatch, tmp_path)
        paths, _ = run(study(), tmp_path / "s")
    trouble = [one for one in transcript(paths) if one["kind"] == "trouble"]
    assert [one["dollars"] > 0 for one in trouble] == [False, True, False]
    assert [one["result"] for one in transcript(paths) if one["kind"] == "tool"] == ["saved"]


def test_a_session_follows_another_and_the_operator_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, seen = study(minds={"turns": 3}), list[Request]()
    paths = create_study(config, folder=tmp_path / "s")

    def first(_: Request) -> Reply:
        with Operator(paths.operator_socket, deadline=10) as operator:
            operator.steer(SteerRequest(researcher="r1", text="try the median"))
        return Calls(("bash", {"command": "true"}), ("note", {"text": "n1"}))

    def keep(request: Request) -> Reply:
        seen.append(request)
        return Calls(("bash", {"command": "true"}))

    with llm_server(*map(ours, (first, keep, keep, keep)), Says("Done."), *ENDS) as server:
        use(server, monkeypatch, tmp_path)
        Fleet(paths, config).run()
    results = [text for request in seen[:2] for text in request.results]
    assert sum("The operator says: try the median" in text for text in results) == 1
    assert sum("This session ends after" in text for text in results) == 1
    assert "# Your notes\n\nn1" in first_message(seen[2])
    assert "The operator says: try the median" in first_message(seen[2])
    assert len([one for one in transcript(paths) if one["kind"] == "session"]) >= 2


def test_a_long_conversation_is_summed_up_by_the_harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summed = list[int]()

    def step(request: Request) -> Reply:
        if "summary" in str(request.messages[-1]["content"][-1]).lower():
            summed.append(request.number)
            return Says("<summary>the threshold is near one half</summary>")
        noise = Calls(("bash", {"command": "seq 1 1500"}))
        return noise if request.number < 14 else Says("Done.")

    with llm_server(policy=ours(step)) as server:
        use(server, monkeypatch, tmp_path)
        run(study(minds={"context_tokens": 16_000, "output_tokens": 2048}), tmp_path / "s")
    assert summed
    after = server.requests[summed[0] + 1]
    assert "the threshold is near one half" in first_message(after)
    assert after.size < server.requests[summed[0]].size / 2
    assert all(request.size / 4 < 22_000 for request in server.requests)


def test_at_the_end_of_the_study_it_has_three_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, told = study(), list[int]()
    paths = create_study(config, folder=tmp_path / "s")

    def end(_: Request) -> Reply:
        with Operator(paths.operator_socket, deadline=10) as operator:
            operator.control(ControlRequest(action="stop", researcher="r1", reason="enough"))
        return Calls(("bash", {"command": "true"}))

    def on(request: Request) -> Reply:
        told.append(sum("The study ends. You have 3 turns" in text for text in request.results))
        return Calls(("bash", {"command": "true"}))

    with llm_server(ours(end), *[ours(on)] * 20) as server:
        use(server, monkeypatch, tmp_path)
        Fleet(paths, config).run()
        assert 4 <= len(server.requests) <= 5
    assert (told[0], sum(told)) == (1, 1)
    assert (programs(tmp_path), leftovers(paths)) == ([], [])


@pytest.mark.parametrize("busy", [Hangs(), Calls((f"{PREFIX}bash", {"command": "sleep 60"}))])
def test_a_stop_ends_the_program_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: Reply) -> None:
    paths = create_study(study(), folder=tmp_path / "s")
    with llm_server(busy) as server:
        use(server, monkeypatch, tmp_path)
        server.at_end = Hangs()
        fleet = FleetProcess(paths)
        fleet.until(lambda: "calls bash" in log(paths) if isinstance(busy, Calls) else len(server.requests) == 1)
        (researcher,), (program,) = fleet.pids("aarlab.fleet.researcher"), programs(tmp_path)
        begin = time.monotonic()
        os.kill(researcher, signal.SIGTERM)
        until(lambda: programs(tmp_path) == [], seconds=10)
        assert time.monotonic() - begin < 4
        assert fleet.wait(seconds=60) == "finished\n"
    assert not leftovers(paths)
    assert not Path(f"/proc/{program}").exists()


def test_who_is_killed_leaves_no_program_and_the_call_counts_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = study()
    paths = create_study(config, folder=tmp_path / "s")
    with llm_server(ours(Calls(("note", {"text": "n1"})))) as server:
        use(server, monkeypatch, tmp_path)
        server.at_end = Hangs()
        fleet = FleetProcess(paths)
        fleet.until(lambda: len(server.requests) == 2)
        (researcher,), (program,) = fleet.pids("aarlab.fleet.researcher"), programs(tmp_path)
        os.kill(researcher, signal.SIGKILL)
        until(lambda: program not in programs(tmp_path), seconds=10)
        fleet.kill()
        until(lambda: programs(tmp_path) == [], seconds=10)
    with llm_server(Says("Done."), *ENDS) as server:
        use(server, monkeypatch, tmp_path)
        Fleet(paths, config).run()
    state = State.of(events(paths))
    known = sum(one.get("dollars", 0.0) for one in transcript(paths))
    assert state.researchers["r1"].model_dollars > known + 0.008
    assert not leftovers(paths)


def test_the_program_sees_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = create_study(study(), folder=tmp_path / "s")
    with llm_server(Hangs()) as server:
        use(server, monkeypatch, tmp_path)
        fleet = FleetProcess(paths)
        fleet.until(lambda: len(server.requests) == 1)
        (program,) = programs(tmp_path)
        environment = Path(f"/proc/{program}/environ").read_bytes()
        fleet.kill()
    assert b"ANTHROPIC_API_KEY=" in environment
    for secret in (KEY, "sk-other-secret-0815", "PYTHONPATH"):
        assert secret.encode() not in environment


def first_message(request: Request) -> str:
    """What the harness puts before our words is part of it."""
    content = request.messages[0]["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def log(paths: StudyPaths) -> str:
    file = paths.logs / "r1.log"
    return file.read_text() if file.is_file() else ""
