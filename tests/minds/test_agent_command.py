"""Coding agents as commands inside the sandbox: real programs, sandbox, bridge, proxy, MCP server and command `lab`."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aarlab.errors import UserError
from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.state import State
from aarlab.minds.agent.choose import shelves
from aarlab.minds.agent.command import CommandMind
from aarlab.minds.agent.install import locate
from aarlab.minds.agent.preset import Preset
from aarlab.paths import StudyPaths
from aarlab.settings import MindSettings, PriceSettings, SandboxSettings, StudyConfig
from tests.support.fleet import events, leftovers
from tests.support.llm_agent import by_agent
from tests.support.llm_mind import Ids, files_with, toy, transcript, verified, write
from tests.support.llm_server import KEY, Calls, Fails, LlmServer, Reply, Request, Says, Step, llm_server

SMALL = str(Path(__file__).parents[1] / "support" / "agent" / "agent.toml")
LOOKS = """
env; ls -A /work/.agent /opt; touch /opt/agent/own/x
python -c 'import socket; socket.create_connection(("10.0.0.1", 443), 3)'
echo "keys: $(grep -rlE 'sk-test-4711.never' /work /opt/agent /data /tmp /etc 2>/dev/null | wc -l)"
lab me
"""
"""What a curious agent does first. The last line but one looks for the key, but does not hold it."""
REAL = {
    "claude-code": ("claude", "anthropic/claude-sonnet-5-5", "AARLAB_TEST_CLAUDE"),
    "codex": ("codex", "openai/gpt-5", "AARLAB_TEST_CODEX"),
    "opencode": ("opencode", "openai-chat/scripted", "AARLAB_TEST_OPENCODE"),
}
"""Program, a model that it can speak to, and the variable that says where the program is."""


def run(
    server: LlmServer, monkeypatch: pytest.MonkeyPatch, folder: Path, **tables: dict[str, Any]
) -> tuple[StudyPaths, State, str]:
    """A whole study with one agent; its log too."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    config: StudyConfig = toy(**{**tables, "minds": {"kind": "agent", **tables["minds"]}})
    paths = create_study(config, folder=folder)
    Fleet(paths, config).run()
    assert not leftovers(paths)
    return paths, State.of(events(paths)), (paths.logs / "r1.log").read_text()


def test_a_command_of_ones_own_earns_a_verified_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, seen = Ids(), list[Request]()

    def begin(request: Request) -> Reply:
        seen.append(request)
        return Calls(("sh", {"command": LOOKS}), write())

    def freeze(request: Request) -> Reply:
        seen.append(request)
        first = verified(ids)[0]
        assert isinstance(first, Calls)
        return first

    with llm_server(begin, freeze, *verified(ids)[1:], Says("Done."), policy=Says("Nothing more.")) as server:
        paths, state, log = run(server, monkeypatch, tmp_path / "s", minds={"agent": SMALL})
    assert [(one.door, one.status) for one in state.submissions.values()] == [("dev", "ok"), ("verify", "ok")]
    assert [one.kind for one in state.findings.values()] == ["result"]
    assert "Cheating disqualifies" in seen[0].user
    assert "Your direction:" in seen[0].user
    assert seen[0].system == "Be {brief}."
    looked, wrote = seen[1].results
    assert "SMALL_TOKEN=" in looked
    assert "OPENAI" not in looked
    assert "prompt.md\nrules.txt" in looked
    assert "aarlab\nagent\n" in looked
    assert "Read-only file system" in looked
    assert "Network is unreachable" in looked
    assert "keys: 0" in looked
    assert "r1" in looked.partition("keys: 0")[2]
    assert wrote == "methods/a/method.py has 41 characters"
    assert not files_with(KEY, paths.root)
    kinds = [one["kind"] for one in transcript(paths)]
    assert kinds.count("session") == kinds.count("session ended") == 4
    assert next(one["tool"] for one in transcript(paths) if one["kind"] == "tool") == "edit"
    outputs = [one["output"] for one in transcript(paths) if one["kind"] == "session ended"]
    assert outputs == ["Done.", *["Nothing more."] * 3]
    assert "writes: Done." in log
    paid = sum(one["dollars"] for one in transcript(paths) if one["kind"] == "answer")
    assert paid > 0
    member = state.researchers["r1"]
    assert member.model_dollars == pytest.approx(paid)
    assert member.cpu_seconds > 0.1
    assert spent_dollars(state) > paid


def own(folder: Path, *argv: str) -> str:
    """A preset in a file."""
    path = folder / "own.toml"
    path.write_text(f'title = "Mine"\nargv = {json.dumps(argv)}\n')
    return str(path)


@pytest.mark.slow
def test_a_command_that_does_not_work_is_refused_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = own(tmp_path, "sh", "-c", "printf '\\033[31mno such option' >&2; exit 4")
    words = r"Mine does not work: exit status 4: \[31mno such option$"
    with llm_server() as server, pytest.raises(UserError, match=words):
        run(server, monkeypatch, tmp_path / "s", minds={"agent": agent})
    paths = StudyPaths(tmp_path / "s")
    assert (paths.logs / "r1.log").read_text().count("a session begins") == 3
    assert State.of(events(paths)).researchers["r1"].cpu_seconds > 0


@pytest.mark.slow
def test_a_session_ends_with_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = own(tmp_path, "sh", "-c", "echo waits; sleep 1000")
    with llm_server() as server, pytest.raises(UserError, match="Mine does not work: its time was over: waits"):
        run(server, monkeypatch, tmp_path / "s", minds={"agent": agent, "session_minutes": 0.05})


@pytest.mark.slow
def test_a_session_ends_with_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = own(tmp_path, "sh", "-c", "echo waits; sleep 1000")
    with llm_server() as server:
        _, _, log = run(server, monkeypatch, tmp_path / "s", minds={"agent": agent}, budget={"minutes": 0.6})
    assert log.count("a session begins") == 1
    assert "writes: waits" in log
    assert "the session ended: error (exit status -9)" in log
    assert log.splitlines()[-1].endswith("has finished")


@pytest.mark.slow
def test_a_wrong_key_ends_the_study_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Fails(401, "Incorrect API key provided", code="invalid_api_key")
    with llm_server(policy=refused) as server, pytest.raises(UserError, match="the provider refused the key"):
        run(server, monkeypatch, tmp_path / "s", minds={"agent": SMALL})
    assert len(server.requests) == 1
    assert State.of(events(StudyPaths(tmp_path / "s"))).researchers["r1"].model_dollars == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"agent": "cursor"}, "minds.agent = 'cursor': there are claude-sdk, claude-code, codex, opencode, or a path"),
        ({"agent": "no.toml"}, "minds.agent = 'no.toml' cannot be read: No such file or directory"),
        ({"agent": "codex", "program": "codeks"}, "Codex: there is no program 'codeks'; npm install -g @openai/codex"),
        ({"agent": "codex", "program": "sh"}, "Codex needs a model openai/..., not minds.model = 'anthropic/x'"),
    ],
)
def test_what_is_missing_is_one_line(changes: dict[str, str], words: str) -> None:
    settings = MindSettings(kind="agent", model="anthropic/x", **changes)
    with pytest.raises(UserError) as caught:
        CommandMind(settings, price=PriceSettings())
    assert str(caught.value).startswith(words)


def test_a_preset_that_is_none_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    for text, words in (("argv = 3", "title: Field required"), ("argv = [", "is no TOML")):
        path.write_text(text)
        with pytest.raises(UserError, match=words):
            shelves(MindSettings(kind="agent", agent=str(path)), sandbox=SandboxSettings())
    with pytest.raises(UserError, match="unsafe-local is none"):
        shelves(MindSettings(kind="agent", agent=SMALL), sandbox=SandboxSettings(backend="unsafe-local"))


def installed(folder: Path, name: str, *, needs: tuple[str, ...] = ()) -> Path:
    """An npm package."""
    package = folder / "node_modules" / name
    package.mkdir(parents=True)
    wanted = ", ".join(f'"{one}": "1"' for one in (*needs, "absent"))
    (package / "package.json").write_text(f'{{"optionalDependencies": {{{wanted}}}}}')
    (package / "run").write_text("#!/bin/sh\n")
    (package / "run").chmod(0o755)
    return package


def test_of_the_host_a_sandbox_sees_the_program_and_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AARLAB_CACHE", str(tmp_path / "cache"))
    main = installed(tmp_path, "@x/agent", needs=("near", "held"))
    near, _ = installed(tmp_path, "near", needs=("far",)), installed(main, "held")
    far, _ = installed(tmp_path, "far"), installed(tmp_path, "stranger")
    (tmp_path / "agent").symlink_to(main / "run")
    preset = Preset(title="X", program=str(tmp_path / "agent"), argv=("{program}",))
    found = locate(preset)
    assert found.program == "/opt/agent/node_modules/@x/agent/run"
    wanted = {"@x/agent": main, "near": near, "far": far}
    assert list(found.shelves) == [f"/opt/agent/node_modules/{name}" for name in wanted]
    for place, host in zip(found.shelves.values(), wanted.values(), strict=True):
        assert [one.name for one in sorted(place.iterdir())] == [one.name for one in sorted(host.iterdir())]
        assert (place / "run").stat().st_mode & 0o005 == 0o005
    assert locate(preset) == found
    (main / "run").write_text("#!/bin/sh\nexit 3\n")
    assert (locate(preset).shelves["/opt/agent/node_modules/@x/agent"] / "run").read_text().endswith("exit 3\n")


def test_the_bridge_ends_as_its_program_and_leads_nowhere_else(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ask = f"import socket; print(socket.create_connection(('127.0.0.1', {port})).recv(9)); raise SystemExit(7)"
    bridge = [sys.executable, "-m", "aarlab.inside.bridge"]
    argv = [*bridge, "--port", f"{port}={tmp_path / 'absent.sock'}", "--", sys.executable, "-c", ask]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "b''\n", "")
    done = subprocess.run([*bridge, "--", "no-such-program"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (127, "bridge: no-such-program: No such file or directory\n")


@pytest.mark.slow
@pytest.mark.parametrize("agent", list(REAL))
def test_a_real_coding_agent_earns_a_verified_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: str) -> None:
    name, model, variable = REAL[agent]
    program = os.environ.get(variable) or shutil.which(name)
    if program is None:
        pytest.skip(f"there is no program {name!r} on the PATH, and {variable} does not say where it is")
    script: tuple[Step, ...] = (Calls(write()), *verified(Ids()), Says("Done."))
    with llm_server(*map(by_agent, script), policy=Says("Nothing more.")) as server:
        minds = {"agent": agent, "program": program, "model": model}
        sandbox, price = {"memory_mb": 1536, "disk_mb": 64}, {"model_input": 1.0, "model_output": 1.0}
        paths, state, log = run(server, monkeypatch, tmp_path / "s", minds=minds, sandbox=sandbox, price=price)
    assert [(one.door, one.status) for one in state.submissions.values()] == [("dev", "ok"), ("verify", "ok")], log
    assert [one.kind for one in state.findings.values()] == ["result"]
    assert not state.incidents
    assert "Cheating disqualifies" in str(server.requests[0].body)
    assert {one["tool"] for one in transcript(paths) if one["kind"] == "tool"} >= {"edit", "submit_verify", "post"}
    assert not files_with(KEY, paths.root)
