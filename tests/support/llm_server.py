"""A scripted language model on loopback for Anthropic Messages, OpenAI Responses and OpenAI Chat, streamed or whole.

It answers each request with the next reply of its script and keeps the requests. Where the script is at its end it
answers 400, which no client tries again, or what its policy says. A conversation in which calls and results do not
match is refused, as the providers do it.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.llm_script import (
    Call,
    Calls,
    Drops,
    DropsMidway,
    Fails,
    FailsMidway,
    Gives,
    Hangs,
    Paced,
    Raw,
    Reply,
    Request,
    Says,
    Scripts,
    Stalls,
    Step,
)
from tests.support.llm_stream import events, failure
from tests.support.llm_wire import BYTES_PER_TOKEN, encoded, error, fault

__all__ = [
    "BYTES_PER_TOKEN",
    "KEY",
    "Call",
    "Calls",
    "Drops",
    "DropsMidway",
    "Fails",
    "FailsMidway",
    "Gives",
    "Hangs",
    "LlmServer",
    "Paced",
    "Raw",
    "Reply",
    "Request",
    "Says",
    "Scripts",
    "Stalls",
    "Step",
    "llm_server",
]

KEY = "sk-test-4711-never-in-a-log"
PATHS = {"/v1/messages": "anthropic", "/v1/responses": "openai", "/v1/chat/completions": "openai-chat"}
COUNT = "/v1/messages/count_tokens"
MODELS = "/v1/models"
AT_END = Fails(400, "the script is at its end", code="invalid_request_error")


@dataclass
class LlmServer:
    """What was asked, and what will be answered."""

    port: int
    script: list[Step]
    requests: list[Request] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    at_end: Step = AT_END
    """What is answered when the script is at its end; a function of the request makes it a policy."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def base(self) -> str:
        """Its address, without "/v1"."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self, key: str = KEY) -> dict[str, str]:
        """Variables that lead both SDKs here."""
        return {
            "ANTHROPIC_API_KEY": key,
            "ANTHROPIC_BASE_URL": self.base,
            "OPENAI_API_KEY": key,
            "OPENAI_BASE_URL": f"{self.base}/v1",
        }

    def next(self, provider: str, headers: dict[str, str], data: bytes) -> tuple[Request, Reply]:
        """A request, which is noted, and the reply to it."""
        with self.lock:
            request = Request(provider, headers, json.loads(data), len(data), len(self.requests))
            self.requests.append(request)
            if wrong := fault(request):
                return request, Fails(400, wrong, code="invalid_request_error")
            step = self.script.pop(0) if self.script else self.at_end
            return request, step(request) if callable(step) else step


@contextmanager
def llm_server(*script: Step, policy: Step = AT_END) -> Iterator[LlmServer]:
    """Runs on a free port until the end of the block. `policy` answers when the script is at its end."""
    state = LlmServer(0, list(script), at_end=policy)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(state)) as server:
        server.daemon_threads = True
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            state.closing.set()
            server.shutdown()
            thread.join(10)


def _handler(state: LlmServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            one = {"id": "scripted", "object": "model", "type": "model", "display_name": "Scripted", "created": 1}
            if path == MODELS:
                self._send(200, {"object": "list", "data": [one], "has_more": False})
            elif path.startswith(f"{MODELS}/"):
                self._send(200, {**one, "id": path.removeprefix(f"{MODELS}/")})
            else:
                self._send(404, error("not_found_error", "there is no such path"))

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            path = self.path.partition("?")[0]
            if path == COUNT:
                self._send(200, {"input_tokens": len(data) // BYTES_PER_TOKEN})
            elif path in PATHS:
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._answer(*state.next(PATHS[path], headers, data))
            else:
                self._send(404, error("not_found_error", "there is no such path"))

        def _answer(self, request: Request, reply: Reply) -> None:
            if isinstance(reply, Hangs):
                state.closing.wait(60)
            if isinstance(reply, Hangs | Drops):
                self.close_connection = True
            elif isinstance(reply, Fails):
                pause = "" if reply.retry_after_ms is None else str(reply.retry_after_ms)
                named = ("retry-after", reply.retry_after) if reply.retry_after else ("retry-after-ms", pause)
                self._send(reply.status, error(reply.code, reply.message), named if named[1] else None)
            elif isinstance(reply, Raw):
                self._send(200, reply.data)
            elif request.streams:
                self._stream(request, reply)
            else:
                self._whole(request, reply)

        def _whole(self, request: Request, reply: Any) -> None:
            if isinstance(reply, Paced):
                state.closing.wait(reply.seconds)
            if isinstance(reply, FailsMidway):
                self._send(529, error(reply.code, reply.message))
                return
            if isinstance(reply, Stalls):
                state.closing.wait(60)
            if isinstance(reply, Stalls | DropsMidway):
                self.close_connection = True
                return
            self._send(200, encoded(_plain(reply, request), request))

        def _stream(self, request: Request, reply: Any) -> None:
            """Pieces of a chunked body, as far as the reply goes."""
            answer = encoded(_plain(reply, request), request)
            found = events(answer, request)
            if isinstance(reply, DropsMidway | Stalls | FailsMidway):
                found = found[: reply.after]
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            if isinstance(reply, Paced):
                state.closing.wait(reply.seconds / 2)
            for event in found:
                if isinstance(reply, Paced):
                    state.closing.wait(reply.seconds / 2 / len(found))
                self._chunk(event)
            if isinstance(reply, FailsMidway):
                self._chunk(failure(reply.code, reply.message, request, answer))
            if isinstance(reply, Stalls):
                state.closing.wait(60)
            if isinstance(reply, Stalls) or (isinstance(reply, DropsMidway) and not reply.clean):
                self.close_connection = True
            else:
                self._chunk(b"")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        def _send(self, status: int, body: dict[str, Any] | bytes, header: tuple[str, str] | None = None) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            if header:
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler


def _plain(reply: Any, request: Request) -> Calls | Says:
    """What the model does, without how it arrives."""
    if isinstance(reply, Gives):
        return Calls((request.tools[0], reply.value)) if request.tools else Says(json.dumps(reply.value))
    found = reply if isinstance(reply, Calls | Says) else reply.reply
    assert isinstance(found, Calls | Says)
    return found
