"""A real MCP client at a tool server, over its Unix socket or over the standard streams of a command."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.support.lab import GOOD

SECONDS = 120.0
Talk = Callable[["Caller"], Awaitable[None]]


class Caller:
    """Calls tools and remembers the ids that they have answered."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ids: dict[str, str] = {}

    async def result(self, tool: str, **arguments: Any) -> tuple[bool, str]:
        """Whether it was carried out, and all that it answered."""
        found = await self.client.call_tool(tool, arguments)
        text = "\n".join(part.text for part in found.content if part.type == "text")
        for kind, name in re.findall(r"(snapshot|proposal|submission|finding) ([a-z]*-?[0-9a-f]{10,64})", text):
            self.ids[kind] = name
        return not found.is_error, text

    async def call(self, tool: str, **arguments: Any) -> str:
        """The result of a call that is carried out."""
        done, text = await self.result(tool, **arguments)
        assert done, text
        return text

    async def refused(self, tool: str, **arguments: Any) -> str:
        """What is answered to one that is not."""
        done, text = await self.result(tool, **arguments)
        assert not done, text
        return text


async def earn(caller: Caller, *, title: str = "half") -> None:
    """From nothing to a verified row and a finding."""
    assert "Find the threshold." in await caller.call("brief")
    await caller.call("edit", path="m/method.py", new=GOOD)
    assert "ok (exit status 0)" in await caller.call("train", folder="m", seeds=[0, 1])
    await caller.call("propose", title=title, text="because")
    await caller.call("snapshot", folder="m", message="first")
    handed = {"proposal": caller.ids["proposal"], "snapshot": caller.ids["snapshot"]}
    assert "(dev): ok" in await caller.call("submit_dev", **handed)
    assert "(verify): ok" in await caller.call("submit_verify", **handed)
    verified = caller.ids["submission"]
    await caller.call("post", kind="result", title=f"{title} works", text="see", submission=verified)
    assert caller.ids["snapshot"] in await caller.call("board")


def over_socket(socket: Path, talk: Talk, *, mode: str = "auto") -> None:
    """Speaks with the server behind a socket."""

    @asynccontextmanager
    async def transport() -> AsyncIterator[Any]:
        timeout = httpx2.Timeout(SECONDS)
        async with (
            httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=str(socket)), timeout=timeout) as http,
            streamable_http_client("http://lab/mcp", http_client=http) as streams,
        ):
            yield streams

    asyncio.run(_speak(Client(transport(), mode=mode), talk))


def over_streams(command: list[str], talk: Talk, *, cwd: Path, env: dict[str, str], mode: str = "auto") -> None:
    """Speaks with a command."""
    started = StdioServerParameters(command=command[0], args=command[1:], cwd=cwd, env=env)
    asyncio.run(_speak(Client(stdio_client(started), mode=mode), talk))


async def _speak(client: Client, talk: Talk) -> None:
    async with asyncio.timeout(SECONDS), client:
        await talk(Caller(client))
