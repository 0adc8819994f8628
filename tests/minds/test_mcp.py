"""The MCP server of a researcher's tools: a real client at its socket, a real lab, a real sandbox."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from aarlab.api.unix import UnixHttp
from aarlab.errors import OperatorError
from aarlab.fleet.bench import fair_share
from aarlab.minds import mcp
from aarlab.minds.protocol import Stopped
from aarlab.minds.tools.chest import toolbox
from aarlab.minds.tools.scribe import Scribe
from aarlab.settings import BudgetSettings, SandboxSettings
from aarlab.wire import SteerRequest
from tests.support.lab import LabProcess
from tests.support.mcp import Caller, earn, over_socket
from tests.support.workbench import workbench

EXPERIMENTS = 8


class Office:
    """One researcher's tools, served."""

    def __init__(self, lab: LabProcess, folder: Path, stack: ExitStack) -> None:
        self.lab, self.ended = lab, list[BaseException]()
        walls = SandboxSettings(memory_mb=256, disk_mb=16)
        share = fair_share(BudgetSettings(experiments=EXPERIMENTS), index=0, researchers=1)
        self.place = stack.enter_context(workbench(lab, folder, share=lambda _: share, sandbox=walls, seconds=60.0))
        self.bench, self.sandbox, self.stop = self.place.bench, self.place.sandbox, self.place.stop
        self.box = toolbox(self.bench, scribe=Scribe(self.bench, model="outside"))
        self.socket = lab.paths.socket_folder("r1") / "mcp.sock"

    def serve(self, **more: Any) -> Any:
        """See `tool_server`."""
        uid = self.lab.paths.uid(0)
        return mcp.tool_server(self.box, name="r1", socket=self.socket, uid=uid, ended=self.ended.append, **more)

    def kept(self) -> list[dict[str, Any]]:
        """The transcript."""
        return self.place.transcript


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    process = LabProcess(tmp_path_factory.mktemp("study")).start()
    process.admit("r1")
    yield process
    process.stop()


@pytest.fixture
def office(lab: LabProcess, tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        yield Office(lab, tmp_path, stack)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_from_nothing_to_a_verified_row(office: Office, mode: str) -> None:
    async def talk(caller: Caller) -> None:
        assert caller.client.instructions is not None
        assert "`brief`" in caller.client.instructions
        listed = {tool.name: tool for tool in (await caller.client.list_tools()).tools}
        assert listed.keys() == {*office.box.tools, "brief"}
        assert listed["edit"].input_schema["required"] == ["path", "new"]
        assert "be honest" in await caller.call("brief")
        await earn(caller, title=f"half, {mode}")

    with office.serve(prompt="be honest", recorded=True):
        assert (office.socket.stat().st_mode & 0o777, office.socket.stat().st_uid) == (0o600, office.lab.paths.uid(0))
        over_socket(office.socket, talk, mode=mode)
    assert not office.socket.exists()
    ranked = [row for row in office.lab.member("r1").board().rows if row.rank is not None]
    assert [row.researcher for row in ranked] == ["r1"]
    assert office.bench.experiments_left() < EXPERIMENTS
    parts = [part for one in office.kept() if one["kind"] == "message" for part in one["message"]["parts"]]
    calls = [part for part in parts if part["part_kind"] == "tool-call"]
    returns = [part for part in parts if part["part_kind"] == "tool-return"]
    assert [one["tool_call_id"] for one in calls] == [one["tool_call_id"] for one in returns]
    assert calls[3]["args"] == {"folder": "m", "seeds": [0, 1]}


def test_what_cannot_be_carried_out_says_why(office: Office) -> None:
    async def talk(caller: Caller) -> None:
        unknown = await caller.refused("train_hard")
        assert unknown.startswith("there is no tool 'train_hard'; there are: bash, view")
        assert await caller.refused("edit", path=3) == "not carried out: path: Input should be a valid string"
        assert await caller.refused("view", path="../etc/passwd") == (
            "refused: '../etc/passwd' is not below /work; use `bash` to look elsewhere"
        )
        assert "submission" in await caller.refused("post", kind="result", title="true", text="I say so")
        seeds = list(range(EXPERIMENTS + 1))
        await caller.call("edit", path="m/method.py", new="")
        assert "experiments is used up" in await caller.refused("train", folder="m", seeds=seeds)
        assert "ok (exit status 0)" in await caller.call("bash", command="true")

    with office.serve():
        over_socket(office.socket, talk)
    assert not any(one["kind"] == "message" for one in office.kept())


def test_calls_of_one_session_run_one_after_another(office: Office) -> None:
    async def talk(caller: Caller) -> None:
        command = "mkdir lock && sleep 0.3 && rmdir lock && echo alone"
        for text in await asyncio.gather(*(caller.call("bash", command=command) for _ in range(3))):
            assert "alone" in text

    with office.serve():
        over_socket(office.socket, talk)


def test_the_operators_words_come_with_the_next_result(office: Office) -> None:
    async def talk(caller: Caller) -> None:
        await caller.call("board")
        with office.lab.operator() as operator:
            operator.steer(SteerRequest(researcher="r1", text="look at seeds"))
        assert (await caller.call("bash", command="true")).endswith("\nThe operator says: look at seeds")
        assert "look at seeds" not in await caller.call("bash", command="true")

    with office.serve():
        over_socket(office.socket, talk)


def test_who_is_stopped_learns_it_and_so_does_the_owner(office: Office) -> None:
    async def talk(caller: Caller) -> None:
        office.stop.set()
        assert await caller.refused("bash", command="true") == mcp.OVER
        assert await caller.refused("board") == mcp.OVER

    def served() -> None:
        with office.serve() as calls:
            over_socket(office.socket, talk)
            assert isinstance(calls.error, Stopped)

    with pytest.raises(Stopped):
        served()
    assert [type(one) for one in office.ended] == [Stopped]


def test_without_the_library_it_says_what_to_install(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(OperatorError, match=r'pip install "aarlab\[mcp\]"'), office.serve():
        pass


def test_nonsense_at_the_socket_breaks_nothing(office: Office) -> None:
    async def talk(caller: Caller) -> None:
        assert "ok (exit status 0)" in await caller.call("bash", command="true")

    kind = {"Content-Type": "application/json", "Accept": "application/json"}
    deep, huge = b"[" * 100_000, b'{"id": 1, "x": "' + b"x" * (5 << 20) + b'"}'
    bodies = (b"", b"\xff\xfe", b"null", b"[]", deep, huge, b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call"}')
    with office.serve():
        http = UnixHttp(office.socket, timeout=30.0)
        for version in ("2025-06-18", "2026-07-28", "1999-01-01"):
            for body in bodies:
                status, _ = http.ask("POST", "/mcp", body=body, headers=kind | {"MCP-Protocol-Version": version})
                assert status == 200 or 400 <= status < 500, (version, body[:40], status)
        http.close()
        over_socket(office.socket, talk)


def test_the_command_lab_carries_it_inside_the_sandbox(office: Office) -> None:
    head = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    modern = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    asked = [
        {**head, "params": about},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "bash", "arguments": {"command": "id -u"}},
        },
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "bäsh", "_meta": modern}},
        {"jsonrpc": "2.0", "id": 4, "method": "no/such"},
    ]
    lines = "".join(f"{json.dumps(one)}\n" for one in asked) + "{broken\n[]\n"
    with office.serve():
        done = office.sandbox.exec(["lab", "mcp"], timeout=60, stdin=lines.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    answers = {one["id"] or str(one["error"]["code"]): one for one in map(json.loads, done.stdout.splitlines())}
    assert answers.keys() == {1, 2, 3, 4, "-32700", "-32600"}
    assert answers[1]["result"]["protocolVersion"] == "2025-06-18"
    assert "output:\n1000" in answers[2]["result"]["content"][0]["text"]
    assert answers[3]["result"]["content"][0]["text"].startswith("there is no tool 'bäsh'")
    assert answers[4]["error"]["code"] == -32601
    away = office.sandbox.exec(["lab", "mcp"], timeout=60)
    assert (away.returncode, away.stdout) == (3, b"")
    assert away.stderr == b"lab: this study's researcher has no MCP server; `lab --help` has the same verbs\n"
