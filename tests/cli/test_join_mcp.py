"""An agent takes part from outside: a real MCP client and `aarlab join --mcp` as its command."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from aarlab.api.client import Operator
from aarlab.fleet.study import running
from aarlab.lab.events import Kind
from aarlab.lab.seals import check_seals, seal_of
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.wire import SteerRequest
from tests.support.cli import ROOT, aarlab, start
from tests.support.fleet import events, leftovers
from tests.support.lab import SETTINGS, until
from tests.support.mcp import Caller, Talk, earn, over_streams

SECONDS = 120
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def new_study(folder: Path, **tables: dict[str, Any]) -> StudyPaths:
    """A study of the toy problem that has not begun."""
    folder.mkdir(parents=True)
    whole = {name: {**SETTINGS.get(name, {}), **tables.get(name, {})} for name in {**SETTINGS, **tables}}
    (folder / "study.toml").write_text(tomlkit.dumps(whole))
    return StudyPaths(folder.resolve())


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyPaths]:
    paths = new_study(tmp_path_factory.mktemp("join") / "studies" / "toy", study={"researchers": 1})
    yield paths
    until(lambda: leftovers(paths) == [], seconds=SECONDS)


def command(paths: StudyPaths, *options: str) -> list[str]:
    return [sys.executable, "-m", "aarlab.cli.main", "join", "--mcp", "--study", str(paths.root), *options]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


def talk_to(paths: StudyPaths, talk: Talk, *options: str, mode: str = "auto") -> None:
    """A conversation from the start of the command to its end."""
    over_streams(command(paths, *options), talk, cwd=paths.root, env=environment(), mode=mode)
    until(lambda: running(paths) is None, seconds=SECONDS)  # the client may have killed what it started, not the seat


def begin(paths: StudyPaths, *options: str) -> "subprocess.Popen[str]":
    """The command, when it has answered."""
    process = subprocess.Popen(
        command(paths, *options),
        cwd=paths.root,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{json.dumps(HELLO)}\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "aarlab"
    return process


def say(process: "subprocess.Popen[str]", tool: str, **arguments: Any) -> None:
    """Calls a tool and does not wait."""
    assert process.stdin is not None
    asked = {"name": tool, "arguments": arguments}
    process.stdin.write(f"{json.dumps({'jsonrpc': '2.0', 'id': 2, 'method': 'tools/call', 'params': asked})}\n")
    process.stdin.flush()


def test_from_nothing_to_a_verified_row(study: StudyPaths) -> None:
    async def talk(caller: Caller) -> None:
        assert "You are a researcher" in await caller.call("brief")
        with Operator(study.operator_socket, deadline=5.0) as operator:
            operator.steer(SteerRequest(researcher="agent-ada", text="be quick"))
        assert "The operator says: be quick" in await caller.call("bash", command="cat README.md")
        await earn(caller)
        twice = await asyncio.gather(caller.call("bash", command="echo one"), caller.call("bash", command="echo two"))
        assert ["one" in twice[0], "two" in twice[1]] == [True, True]
        assert "there are: bash" in await caller.refused("shell", command="true")

    talk_to(study, talk, "--name", "ada")
    state = State.of(events(study))
    (row,) = [one for one in state.submissions.values() if one.door == "verify"]
    assert (row.researcher, row.status) == ("agent-ada", "ok")
    me = state.researchers["agent-ada"]
    assert (me.mind, me.experiments > 0, me.cpu_seconds > 0) == ("agent", True, True)
    assert (state.clock.open, state.clock.closed > 0) == (False, True)
    assert "bash: cat README.md" in (study.logs / "agent-ada.log").read_text()
    kept = [json.loads(line) for line in (study.transcripts / "agent-ada.jsonl").read_text().splitlines()]
    assert (kept[0]["kind"], kept[-1]["kind"]) == ("session", "session ended")
    seals = [seal_of(event) for event in events(study) if event.kind == Kind.TRANSCRIPT_SEALED]
    assert check_seals(study.transcripts, seals) == ([], []), "sealed to the last byte"
    assert seals[-1].researcher == "agent-ada"
    assert "half works" in aarlab("forum", "--study", study.root, cwd=study.root).out


@pytest.mark.slow
def test_a_closed_input_ends_it(study: StudyPaths) -> None:
    with begin(study, "--name", "bob") as process:
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (0, ""), err
    assert State.of(events(study)).clock.open is False


@pytest.mark.slow
@pytest.mark.parametrize(("number", "calls"), [(signal.SIGINT, 1), (signal.SIGTERM, 40)])
def test_a_signal_ends_it_and_answers_what_is_under_way(study: StudyPaths, number: int, calls: int) -> None:
    with begin(study, "--name", "bob") as process:
        for _ in range(calls):
            say(process, "bash", command="touch begun; sleep 300")
        until((study.work("agent-bob") / "begun").exists, seconds=SECONDS)
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, err
    (content,) = json.loads(out.splitlines()[0])["result"]["content"]
    assert content["text"] == "not carried out: your session is over: it was ended from outside"
    assert State.of(events(study)).clock.open is False


@pytest.mark.slow
def test_a_signal_while_the_lab_is_starting_ends_it(study: StudyPaths) -> None:
    with subprocess.Popen(command(study), cwd=study.root, env=environment(), stdin=subprocess.PIPE) as process:
        until(lambda: running(study) is not None, seconds=SECONDS)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 130
    assert running(study) is None


@pytest.mark.slow
def test_a_client_that_kills_and_starts_again_goes_on_in_the_workspace(study: StudyPaths) -> None:
    async def talk(caller: Caller) -> None:
        assert "output:\nkept" in await caller.call("bash", command="cat mine")

    with begin(study, "--name", "eve") as process:
        say(process, "bash", command="echo kept > mine; touch done; sleep 300")
        until((study.work("agent-eve") / "done").exists, seconds=SECONDS)
        process.kill()
        process.communicate(timeout=SECONDS)
    talk_to(study, talk, "--name", "eve")
    assert State.of(events(study)).clock.open is False


@pytest.mark.slow
def test_a_lab_that_has_died_ends_it_in_one_line(study: StudyPaths) -> None:
    with begin(study, "--name", "bob") as process:
        os.kill(int((study.runtime / "server.pid").read_text()), signal.SIGKILL)
        assert process.stderr is not None
        err = process.stderr.read()
        assert process.wait(SECONDS) == 3
    assert "the lab does not answer" in err.splitlines()[-1]


@pytest.mark.slow
def test_the_end_of_the_working_time_is_told(tmp_path: Path) -> None:
    paths = new_study(tmp_path / "short", study={"researchers": 1}, budget={"minutes": 0.1})

    async def talk(caller: Caller) -> None:
        assert "the working time is used up" in await caller.refused("bash", command="sleep 100")

    talk_to(paths, talk, "--name", "ada", mode="legacy")
    with subprocess.Popen(
        command(paths), cwd=paths.root, env=environment(), stderr=subprocess.PIPE, text=True
    ) as again:
        _, err = again.communicate(timeout=SECONDS)
    assert (again.returncode, err.splitlines()[-1].startswith("aarlab: the working time is used up")) == (2, True)


def test_bad_options_are_one_line(study: StudyPaths) -> None:
    for options, words in (
        (("--name", "Ada!"), "small letters"),
        (("--command", "true"), "--mcp and --command exclude each other"),
    ):
        done = aarlab("join", "--mcp", "--study", study.root, *options, cwd=study.root)
        assert (done.status, done.err.count("\n")) == (2, 1), done
        assert words in done.err


@pytest.mark.slow
def test_why_the_watchdog_has_ended_it_is_told(tmp_path: Path) -> None:
    paths = new_study(tmp_path / "stuck", study={"researchers": 1}, watchdog={"repeats": 2})
    with begin(paths, "--name", "ada") as process:
        for _ in range(6):
            say(process, "bash", commands="no such argument")
        assert process.stderr is not None
        err = process.stderr.read()
        assert process.wait(SECONDS) == 0
    assert "aarlab: 4 calls in a row were refused" in err.splitlines()[-1], err
    seals = [seal_of(event) for event in events(paths) if event.kind == Kind.TRANSCRIPT_SEALED]
    assert check_seals(paths.transcripts, seals) == ([], [])


@pytest.mark.slow
def test_an_agent_and_a_fleet_in_one_study(tmp_path: Path) -> None:
    sets = ["study.researchers=1", "study.seed=7", "budget.minutes=1", "verify.seeds=2", "verify.answer_every=0"]
    words = [word for one in sets for word in ("--set", one)]
    example = (ROOT / "examples" / "agreement" / "method.py").read_text()

    async def talk(caller: Caller) -> None:
        await caller.call("edit", path="m/method.py", new=example)
        await caller.call("propose", title="agreement", text="because")
        await caller.call("snapshot", folder="m", message="agreement")
        handed = {"proposal": caller.ids["proposal"], "snapshot": caller.ids["snapshot"]}
        assert "(verify): ok" in await caller.call("submit_verify", **handed)

    with start("run", "--name", "both", *words, cwd=tmp_path) as fleet:
        paths = StudyPaths((tmp_path / "studies" / "both").resolve())
        until(lambda: (paths.runtime / "server.pid").exists() or fleet.poll() is not None, seconds=SECONDS)
        over_streams(command(paths, "--name", "ada"), talk, cwd=tmp_path, env=environment())
        out, err = fleet.communicate(timeout=2 * SECONDS)
        assert fleet.returncode == 0, err
    assert "agent-ada" in out
    rows = json.loads(aarlab("board", "--json", "--study", paths.root, cwd=tmp_path).out)["rows"]
    assert {row["researcher"] for row in rows if row["kind"] == "method"} == {"r1", "agent-ada"}
    until(lambda: leftovers(paths) == [], seconds=SECONDS)
