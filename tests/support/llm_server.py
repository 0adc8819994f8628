"""A scripted language model on loopback for Anthropic Messages, OpenAI Responses and OpenAI Chat, not streamed.

It answers each request with the next reply of its script and keeps the requests. Where the script is at its end it
answers 400, which no client tries again.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-4711-never-in-a-log"
BYTES_PER_TOKEN = 4
"""How the server counts tokens: the length of a request's or an answer's text over this."""
PATHS = {"/v1/messages": "anthropic", "/v1/responses": "openai", "/v1/chat/completions": "openai-chat"}


@dataclass(frozen=True)
class Request:
    """One that arrived."""

    provider: str
    """As the monitor names it: which of the three languages was spoken."""
    headers: dict[str, str]
    """Names in small letters."""
    body: dict[str, Any]
    """JSON."""
    size: int
    """Bytes of the body."""

    @property
    def system(self) -> str:
        """The instructions."""
        if self.provider == "openai-chat":
            return "".join(m["content"] for m in self.body["messages"] if m["role"] in ("system", "developer"))
        found = self.body.get("system" if self.provider == "anthropic" else "instructions")
        return found if isinstance(found, str) else _text(found or [])

    @property
    def user(self) -> str:
        """The first message of the user."""
        messages = self.body["input" if self.provider == "openai" else "messages"]
        content = next(message["content"] for message in messages if message.get("role") == "user")
        return content if isinstance(content, str) else _text(content)

    @property
    def results(self) -> list[str]:
        """Results of the tools that the last answer has called, in their order."""
        if self.provider == "anthropic":
            last = self.body["messages"][-1]["content"]
            return [_flat(part["content"]) for part in last if part["type"] == "tool_result"]
        key, name = ("output", "function_call_output") if self.provider == "openai" else ("content", "tool")
        found: list[str] = []
        for one in reversed(self.body["input" if self.provider == "openai" else "messages"]):
            if name in (one.get("type"), one.get("role")):
                found.insert(0, _flat(one[key]))
            elif found:
                break
        return found

    @property
    def tools(self) -> list[str]:
        """Names of what the model may call."""
        return [tool["function"]["name"] if "function" in tool else tool["name"] for tool in self.body.get("tools", [])]


@dataclass(frozen=True)
class Gives:
    """The model gives structured output: as a call of the request's first tool, or as JSON where it has no tool."""

    value: dict[str, Any]


@dataclass(frozen=True, init=False)
class Calls:
    """The model calls tools, all in one answer: (name, arguments) each."""

    calls: tuple[tuple[str, dict[str, Any]], ...]
    text: str

    def __init__(self, *calls: tuple[str, dict[str, Any]], text: str = "") -> None:
        object.__setattr__(self, "calls", calls)
        object.__setattr__(self, "text", text)


@dataclass(frozen=True)
class Says:
    """The model says something instead."""

    text: str
    refuses: bool = False


@dataclass(frozen=True)
class Fails:
    """An HTTP error."""

    status: int
    message: str = "scripted"
    code: str = "scripted"
    retry_after_ms: int = 1


@dataclass(frozen=True)
class Raw:
    """Bytes with status 200."""

    data: bytes


@dataclass(frozen=True)
class Drops:
    """The connection is closed without an answer."""


@dataclass(frozen=True)
class Hangs:
    """No answer until the server is closed."""


Reply = Gives | Calls | Says | Fails | Raw | Drops | Hangs
Step = Reply | Callable[[Request], Reply]


@dataclass
class LlmServer:
    """What was asked, and what will be answered."""

    port: int
    script: list[Step]
    requests: list[Request] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    at_end: Step = Fails(400, "the script is at its end")
    """What is answered when the script is at its end."""

    def environment(self, key: str = KEY) -> dict[str, str]:
        """Variables that lead both SDKs here."""
        base = f"http://127.0.0.1:{self.port}"
        return {
            "ANTHROPIC_API_KEY": key,
            "ANTHROPIC_BASE_URL": base,
            "OPENAI_API_KEY": key,
            "OPENAI_BASE_URL": f"{base}/v1",
        }

    def next(self, request: Request) -> Reply:
        """The reply to a request, which is noted."""
        self.requests.append(request)
        step = self.script.pop(0) if self.script else self.at_end
        return step(request) if callable(step) else step


@contextmanager
def llm_server(*script: Step) -> Iterator[LlmServer]:
    """Runs on a free port until the end of the block."""
    state = LlmServer(0, list(script))
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

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            provider = PATHS[self.path.partition("?")[0]]
            request = Request(provider, headers, json.loads(data), len(data))
            reply = state.next(request)
            if isinstance(reply, Hangs):
                state.closing.wait(60)
            if isinstance(reply, Hangs | Drops):
                self.close_connection = True
                return
            pause = reply.retry_after_ms if isinstance(reply, Fails) else 1
            self._send(*_encode(reply, request), retry_after_ms=pause)

        def _send(self, status: int, data: bytes, *, retry_after_ms: int) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.send_header("retry-after-ms", str(retry_after_ms))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler


def _encode(reply: Reply, request: Request) -> tuple[int, bytes]:
    if isinstance(reply, Raw):
        return 200, reply.data
    if isinstance(reply, Fails):
        error = {"type": reply.code, "code": reply.code, "message": reply.message}
        return reply.status, json.dumps({"type": "error", "error": error}).encode()
    assert isinstance(reply, Gives | Calls | Says)
    if isinstance(reply, Gives):
        value = reply.value
        reply = Calls((request.tools[0], value)) if request.tools else Says(json.dumps(value))
    make = {"anthropic": _anthropic, "openai": _responses, "openai-chat": _chat}[request.provider]
    return 200, json.dumps(make(reply, request)).encode()


def _anthropic(reply: Calls | Says, request: Request) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    if isinstance(reply, Calls):
        named = enumerate(reply.calls, 1)
        content += [
            {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": value} for n, (name, value) in named
        ]
    refuses = isinstance(reply, Says) and reply.refuses
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request.body["model"],
        "content": [] if refuses else content,
        "stop_reason": "refusal" if refuses else "tool_use" if isinstance(reply, Calls) else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": _tokens(request), "output_tokens": _said(reply)},
    }


def _responses(reply: Calls | Says, request: Request) -> dict[str, Any]:
    output: list[dict[str, Any]] = []
    if reply.text:
        refuses = isinstance(reply, Says) and reply.refuses
        part = {"type": "refusal", "refusal": reply.text} if refuses else _output_text(reply.text)
        output = [{"type": "message", "id": "m_1", "role": "assistant", "status": "completed", "content": [part]}]
    for number, (name, value) in enumerate(reply.calls if isinstance(reply, Calls) else (), 1):
        call = {"call_id": f"call_{number}", "name": name, "arguments": json.dumps(value)}
        output.append({"type": "function_call", "id": f"fc_{number}", "status": "completed", **call})
    usage = {
        "input_tokens": _tokens(request),
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": _said(reply),
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": _tokens(request) + _said(reply),
    }
    head = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": request.body["model"],
    }
    tail = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    return {**head, "output": output, "usage": usage, **tail}


def _chat(reply: Calls | Says, request: Request) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if isinstance(reply, Calls):
        made = [{"name": name, "arguments": json.dumps(value)} for name, value in reply.calls]
        message["content"] = reply.text or None
        message["tool_calls"] = [
            {"id": f"call_{number}", "type": "function", "function": one} for number, one in enumerate(made, 1)
        ]
    else:
        message["refusal" if reply.refuses else "content"] = reply.text
    usage = {"prompt_tokens": _tokens(request), "completion_tokens": _said(reply)}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": request.body["model"],
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls" if isinstance(reply, Calls) else "stop"}
        ],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _flat(content: str | Sequence[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else _text(content)


def _text(parts: Sequence[dict[str, Any]]) -> str:
    return "".join(part["text"] for part in parts)


def _tokens(request: Request) -> int:
    return request.size // BYTES_PER_TOKEN


def _said(reply: Calls | Says) -> int:
    text = json.dumps(reply.calls) if isinstance(reply, Calls) else reply.text
    return len(text) // BYTES_PER_TOKEN
