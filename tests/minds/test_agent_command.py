"""Whole studies by coding agents as commands inside the sandbox: real programs, sandbox, bridge, proxy and MCP server."""

from pathlib import Path

import pytest

from tests.minds.test_llm import run, use
from tests.support.llm_mind import Ids, files_with, toy, transcript, verified, write
from tests.support.llm_server import KEY, Calls, Reply, Request, Says, llm_server

SMALL = str(Path(__file__).parents[1] / "support" / "agent" / "agent.toml")
OTHER = "python -c 'import socket; socket.create_connection((\"10.0.0.1\", 443), 3)'"
ENDS = (Says("I have nothing more to do."),) * 3


def test_a_command_of_ones_own_earns_a_verified_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, seen = Ids(), list[Request]()

    def begin(request: Request) -> Reply:
        seen.append(request)
        return Calls(("sh", {"command": "env; ls -A /work/.agent /opt/agent/own; touch /opt/agent/own/x"}), write())

    def look(request: Request) -> Reply:
        seen.append(request)
        return Calls(("sh", {"command": f"{OTHER}; lab me; lab board"}))

    def rest(request: Request) -> Reply:
        seen.append(request)
        return verified(ids)[0]  # type: ignore

    with llm_server(begin, look, rest, *verified(ids)[1:], Says("Done."), *ENDS) as server:
        use(server, monkeypatch)
        config = toy(minds={"kind": "agent", "agent": SMALL})
        paths, state = run(config, tmp_path / "s")
    print(paths.logs.joinpath("r1.log").read_text())
    assert [(one.door, one.status) for one in state.submissions.values()] == [("dev", "ok"), ("verify", "ok")]
