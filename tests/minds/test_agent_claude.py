"""Whole studies by the real Claude Agent SDK and its program, which speak to a scripted provider on loopback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from tests.support.fleet import events, leftovers
from tests.support.llm_mind import ENDS, Ids, files_with, toy, transcript, verified, write
from tests.support.llm_server import KEY, Calls, LlmServer, Reply, Request, Says, Step, llm_server

pytestmark = pytest.mark.slow
pytest.importorskip("claude_agent_sdk", reason="the Claude Agent SDK is not installed: pip install aarlab[claude]")

MODEL = "anthropic/claude-sonnet-4-5"
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


def use(server: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OTHER_SECRET", "sk-other-secret-0815")


def run(config: StudyConfig, folder: Path) -> tuple[StudyPaths, State]:
    paths = create_study(config, folder=folder)
    Fleet(paths, config).run()
    assert not leftovers(paths)
    assert programs() == []
    return paths, State.of(events(paths))


def programs(under: Callable[[str], bool] = lambda line: "_bundled/claude" in line) -> list[int]:
    """Processes of the harness."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if entry.name.isdigit() and under(line):
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
        use(server, monkeypatch)
        paths, state = run(study(), tmp_path / "s")
        assert all(request.body["model"] == "claude-sonnet-4-5" for request in server.requests)
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
