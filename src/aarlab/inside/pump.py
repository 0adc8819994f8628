"""MCP over standard streams, carried to a server behind a Unix socket: each line is one request, each answer one line.

The server keeps no sessions and answers in JSON, so nothing has to be known of what is said but the headers that the
protocol wants for a message.
"""

import base64
import json
import math
import os
import queue
import select
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

from aarlab.api.unix import UnixHttp
from aarlab.errors import OperatorError

TARGET = "/mcp"
_AT_ONCE = 8
_READ_SECONDS = 3600.0
_POLL_SECONDS = 0.2
_SHORT_SECONDS = 0.02
_LAST_SECONDS = 2.0
_PIECE = 1 << 16
_VERSION = "io.modelcontextprotocol/protocolVersion"
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_KIND = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
_BAD_JSON, _BAD_REQUEST, _NO_ANSWER = -32700, -32600, -32603


class Pump:
    """Between two descriptors and a socket."""

    def __init__(self, socket: Path, *, source: int = 0, sink: int = 1) -> None:
        """Raises OperatorError when there is no such socket."""
        if not socket.is_socket():
            raise OperatorError("this study's researcher has no MCP server; `lab --help` has the same verbs")
        self._http = UnixHttp(socket, timeout=_READ_SECONDS)
        self._source, self._sink = source, sink
        self._lines: queue.Queue[bytes] = queue.Queue(_AT_ONCE)
        self._writing = threading.Lock()
        self._version = ""
        self._broken = False

    def run(self, *, over: Callable[[], bool] = lambda: False, linger: float = math.inf) -> None:
        """Until the source has ended and all is answered, or nobody reads the answers.

        When the source has ended answers have `linger` seconds to arrive. `over` is asked a few times a second whether
        to read no more; then they have two.
        """
        for _ in range(_AT_ONCE):
            threading.Thread(target=self._work, daemon=True).start()

        def ends() -> bool:
            return over() or self._broken

        for line in self._read(ends):
            while not self._taken(line) and not ends():
                pass
        last = time.monotonic() + linger
        while self._lines.unfinished_tasks and not self._broken and time.monotonic() < last:
            last = min(last, time.monotonic() + _LAST_SECONDS) if over() else last
            time.sleep(_SHORT_SECONDS)

    def _taken(self, line: bytes) -> bool:
        try:
            self._lines.put(line, timeout=_POLL_SECONDS)
        except queue.Full:
            return False
        return True

    def _read(self, over: Callable[[], bool]) -> Iterator[bytes]:
        rest = b""
        while not over():
            if not select.select([self._source], [], [], _POLL_SECONDS)[0]:
                continue
            piece = os.read(self._source, _PIECE)
            *lines, rest = (rest + (piece or b"\n")).split(b"\n")
            yield from (line for line in lines if line.strip())
            if not piece:
                return

    def _work(self) -> None:
        while True:
            line = self._lines.get()
            if (answer := self._answer(line)) is not None:
                self._write(json.dumps(answer).encode() + b"\n")
            self._lines.task_done()

    def _write(self, data: bytes) -> None:
        with self._writing:
            try:
                while data:
                    data = data[os.write(self._sink, data) :]
            except BrokenPipeError:
                self._broken = True

    def _answer(self, line: bytes) -> Any:
        """What goes back for one line; None for what wants no answer."""
        try:
            message = json.loads(line)
        except ValueError:
            return _error(None, _BAD_JSON, "this line is no JSON")
        if not isinstance(message, dict):
            return _error(None, _BAD_REQUEST, "a line must be one request or one notification")
        name = message.get("id")
        try:
            status, data = self._http.ask("POST", TARGET, body=line, headers=self._headers(message))
            found = json.loads(data) if data else None
        except (OSError, HTTPException, ValueError):
            return (
                None if name is None else _error(name, _NO_ANSWER, "the MCP server does not answer; it may be closed")
            )
        if name is None:
            return None
        if not isinstance(found, dict):
            return _error(name, _NO_ANSWER, f"the MCP server answered {status}")
        self._learn(message, found)
        return {**found, "id": name}

    def _headers(self, message: dict[str, Any]) -> dict[str, str]:
        """A message that names its version has its method in the headers too; others have the version agreed on."""
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        meta = params.get("_meta")
        version = meta.get(_VERSION) if isinstance(meta, dict) else None
        if not isinstance(version, str):
            return _KIND | ({"MCP-Protocol-Version": self._version} if self._version else {})
        method = str(message.get("method"))
        named = params.get(_NAMED.get(method, ""))
        more = {"Mcp-Name": _word(named)} if isinstance(named, str) else {}
        return {**_KIND, "MCP-Protocol-Version": _word(version), "Mcp-Method": _word(method), **more}

    def _learn(self, message: dict[str, Any], found: dict[str, Any]) -> None:
        result = found.get("result")
        if message.get("method") == "initialize" and isinstance(result, dict):
            self._version = str(result.get("protocolVersion", ""))


def _word(text: str) -> str:
    """Any text as the value of a header."""
    if text.isascii() and text.isprintable() and text == text.strip() and not text.startswith("=?"):
        return text
    return f"=?base64?{base64.b64encode(text.encode(errors='replace')).decode()}?="


def _error(name: Any, code: int, words: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": name, "error": {"code": code, "message": words}}
