"""The tools of one researcher as an MCP server, for agents with a harness of their own.

It lives in the process that has the workbench: experiments, money and transcript are counted as for any other mind,
and who calls needs nothing but the socket.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aarlab.errors import OperatorError
from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.box import Tool, Toolbox, tool
from aarlab.minds.tools.briefing import opening
from aarlab.minds.tools.desk import Nothing

if TYPE_CHECKING:
    from mcp.server import Server

PATH = "/mcp"
WELCOME = (
    "You are {name}, a researcher of an aarlab study. Call `brief` first: rules, problem, what is left, your notes."
)
OVER = "not carried out: your session is over"
ENDS = "The study ends. Send your best method to verify now, and save in your notes (tool `note`) what you will need."
Ended = Callable[[BaseException], None]


class Calls:
    """Carries calls out one after another, in a thread of its own."""

    def __init__(self, box: Toolbox, *, recorded: bool, ended: Ended | None) -> None:
        """`ended` is told, in that thread, of what no caller may swallow: Stopped, OperatorError."""
        self._box, self._recorded, self._told = box, recorded, ended
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="tools")
        self._heard = self._count = 0
        self._closed = False
        self.last_words = OVER
        """What a call is answered when the session is over."""
        self.error: BaseException | None = None
        """What has ended the session."""

    async def call(self, name: str, given: Mapping[str, Any]) -> tuple[bool, Sequence[str]]:
        """Whether it was carried out, and the texts of its result: that of the tool, then the operator's words."""
        if self._closed:
            return False, [self.last_words]
        job = self._worker.submit(self._carry_out, name, given)
        job.add_done_callback(self._look)
        waiting = asyncio.wrap_future(job)
        try:
            await asyncio.wait([waiting])
        finally:
            waiting.cancel()  # who waits for the answer has gone: a call that has not begun need not begin
        return (False, [self.last_words]) if waiting.cancelled() or waiting.exception() else waiting.result()

    def close(self) -> None:
        """Waits for the call that is under way; those behind it are dropped."""
        self._closed = True
        self._worker.shutdown(cancel_futures=True)

    def _carry_out(self, name: str, given: Mapping[str, Any]) -> tuple[bool, Sequence[str]]:
        if self.error is not None:
            return False, [self.last_words]
        self._count += 1
        part = {"tool_name": name, "tool_call_id": f"mcp-{self._count}"}
        self._note("response", {**part, "part_kind": "tool-call", "args": dict(given)})
        done, text = self._box.answer(name, given)
        self._note("request", {**part, "part_kind": "tool-return", "content": text})
        return done, [text, *self._notices(self._box.bench)]

    def _notices(self, bench: Workbench) -> list[str]:
        ends, said = bench.should_stop(), bench.door.me().messages
        found = [f"The operator says: {text}" for text in said[self._heard :]]
        self._heard = len(said)
        return [*found, *([ENDS] if ends else [])]

    def _note(self, kind: str, part: Mapping[str, Any]) -> None:
        if self._recorded:
            self._box.bench.record({"kind": "message", "message": {"kind": kind, "parts": [part]}})

    def _look(self, job: "Future[Any]") -> None:
        if job.cancelled() or (error := job.exception()) is None:
            return
        self.error = error
        if self._told is not None:
            self._told(error)


@contextmanager
def tool_server(
    box: Toolbox,
    *,
    name: str,
    socket: Path,
    uid: int | None,
    prompt: str = "",
    recorded: bool = False,
    ended: Ended | None = None,
) -> Iterator[Calls]:
    """Serves the tools, and `brief`, over streamable HTTP at /mcp of a Unix socket until the block ends.

    The socket is for `uid` alone. `prompt` is what `brief` begins with. With `recorded` each call goes into the
    transcript with its arguments: for agents whose conversation nobody else records. What ends a session (Stopped,
    OperatorError) is told to `ended` at once, is `error` of what is given to the block, and is raised at its end
    unless the block raises by itself. Raises OperatorError where the library is missing.
    """
    whole = box.extended({"brief": _brief(box.bench, prompt)})
    calls = Calls(whole, recorded=recorded, ended=ended)
    with _quiet(), _listening(_server(calls, whole, name=name), socket, uid=uid):
        try:
            yield calls
        finally:
            calls.close()
    if calls.error is not None:
        raise calls.error


def _brief(bench: Workbench, prompt: str) -> Tool:
    def work(_: Nothing) -> str:
        return "\n\n".join([*([prompt] if prompt else []), opening(bench)])

    return tool("What you need to begin or to go on: rules, problem, what is left, your notes.", Nothing, work)


def _server(calls: Calls, box: Toolbox, *, name: str) -> "Server[Any]":
    """Speaks MCP; the calls are carried out elsewhere. Raises OperatorError."""
    try:
        from mcp import types
        from mcp.server import Server
    except ImportError:
        raise OperatorError('an MCP server needs a library: pip install "aarlab[mcp]"') from None
    listed = [
        types.Tool(name=one, description=made.description, input_schema=made.form.model_json_schema())
        for one, made in box.tools.items()
    ]

    async def list_tools(_: object, __: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(_: object, asked: types.CallToolRequestParams) -> types.CallToolResult:
        done, texts = await calls.call(asked.name, asked.arguments or {})
        return types.CallToolResult(content=[types.TextContent(text=text) for text in texts], is_error=not done)

    return Server(
        "aarlab",
        version=version("aarlab"),
        instructions=WELCOME.format(name=name),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


@contextmanager
def _listening(spoken: "Server[Any]", path: Path, *, uid: int | None) -> Iterator[None]:
    """Serves in a thread of its own. A Unix socket needs no check of where a page came from."""
    from mcp.server.transport_security import TransportSecuritySettings

    from aarlab.api.listening import listen, server

    anywhere = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = spoken.streamable_http_app(
        streamable_http_path=PATH, json_response=True, stateless_http=True, transport_security=anywhere
    )
    behind, listener = server(app, lifespan="on"), listen(path, uid=uid)
    thread = threading.Thread(target=lambda: asyncio.run(behind.serve(sockets=[listener])), name="mcp", daemon=True)
    thread.start()
    try:
        yield
    finally:
        behind.should_exit = True
        thread.join()
        path.unlink(missing_ok=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """What the library logs has words of the caller in it; they are no log of the lab's."""
    log = logging.getLogger("mcp")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
