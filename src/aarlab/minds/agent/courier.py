"""Carries a request to the provider with the key, and what comes back to the harness as it comes, without it."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Send

from aarlab.minds.agent.answers import Stream
from aarlab.minds.agent.books import Exchange
from aarlab.minds.agent.rules import redacted, refusal, vendor
from aarlab.minds.llm.names import Name

MOST_BYTES = 32 << 20
"""Of an answer that is no stream."""
SHORTEST = 16
"""Characters of a key; what has fewer is an ordinary word."""
CONNECT_SECONDS, SILENT_SECONDS = 15.0, 600.0
_SENT = ("accept", "content-type", "anthropic-version", "anthropic-beta", "openai-beta", "user-agent")
_BACK = ("content-type", "retry-after", "retry-after-ms", "x-should-retry", "request-id", "x-request-id")
Failed = Callable[[int, bytes], Awaitable[None]]
Settle = Callable[[Exchange], Awaitable[None]]


@dataclass(frozen=True)
class Upstream:
    """The provider."""

    name: Name
    """The study's model."""
    base: str
    """Its address, up to and without "/v1"."""
    key: str = field(repr=False)
    """The real one."""

    def without_key(self, data: bytes) -> bytes:
        """What the harness may see. A short word is no key: servers of one's own take any."""
        return data.replace(self.key.encode(), b"[key]") if len(self.key) >= SHORTEST else data


class Courier:
    """Used in one event loop."""

    def __init__(self, upstream: Upstream, *, failed: Failed, settle: Settle) -> None:
        """`failed` is told of errors of the provider, and `settle` of whole answers, before the harness is."""
        self._upstream, self._failed, self._settle = upstream, failed, settle
        self._vendor = vendor(upstream.name)
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it writes addresses into the researcher's log
        self._client = httpx2.AsyncClient(timeout=httpx2.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS))

    async def close(self) -> None:
        """Gives the connections back."""
        await self._client.aclose()

    async def carry(self, request: Request, send: Send, *, body: bytes, exchange: Exchange | None) -> None:
        """There and back. `exchange` learns what has come; None where nothing is paid."""
        started = False

        async def noted(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if exchange is not None:
                exchange.sent = True
            async with self._asked(request, body) as found:
                await self._hand_on(found, request, noted, exchange=exchange)
        except httpx2.RequestError as error:
            if exchange is not None and isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
                exchange.sent = False
            if exchange is not None:
                await self._settle(exchange)
            if not started:  # else the harness sees an answer that is broken off, as it was
                data = refusal(self._vendor, 502, "the connection to the provider was lost")
                await Response(data, 502, media_type="application/json")(request.scope, request.receive, send)

    def _asked(self, request: Request, body: bytes) -> Any:
        key = self._upstream.key
        secret = {"x-api-key": key} if self._vendor == "anthropic" else {"authorization": f"Bearer {key}"}
        plain = {name: request.headers[name] for name in _SENT if name in request.headers}
        query = f"?{request.url.query}" if request.url.query else ""
        address = f"{self._upstream.base}{request.url.path}{query}"
        headers = {**plain, **secret, "accept-encoding": "identity"}
        return self._client.stream(request.method, address, content=body or None, headers=headers)

    async def _hand_on(
        self, found: httpx2.Response, request: Request, send: Send, *, exchange: Exchange | None
    ) -> None:
        back = {name: value for name, value in found.headers.items() if name in _BACK or "ratelimit" in name}
        if found.status_code == 200 and "text/event-stream" in back.get("content-type", ""):
            await self._hand_on_stream(found, back, send, exchange=exchange)
            return
        data = await _whole(found)
        status = found.status_code if data is not None else 502
        if data is None:
            data = refusal(self._vendor, status, "the answer is too long")
        elif status != 200:
            data = redacted(self._upstream.without_key(data))
            if exchange is not None:
                exchange.sent, exchange.status = False, status
            await self._failed(status, data)
        elif exchange is not None:
            exchange.answer = _json(data)
        if exchange is not None:
            await self._settle(exchange)
        data = self._upstream.without_key(data)
        await Response(data, status, back)(request.scope, request.receive, send)

    async def _hand_on_stream(
        self, found: httpx2.Response, back: Mapping[str, str], send: Send, *, exchange: Exchange | None
    ) -> None:
        """In whole lines, so that a key cannot hide between two pieces."""
        stream, rest = Stream(exchange.form if exchange is not None else "messages"), b""
        if exchange is not None:
            exchange.stream = stream
        headers = [(name.encode(), value.encode()) for name, value in back.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for piece in found.aiter_bytes():
            lines, newline, rest = (rest + piece).rpartition(b"\n")
            for line in lines.split(b"\n"):
                stream.line(line)
            if exchange is not None and stream.answer is not None:
                await self._settle(exchange)
            if newline:
                data = self._upstream.without_key(lines + newline)
                await send({"type": "http.response.body", "body": data, "more_body": True})
        stream.line(rest)
        await send({"type": "http.response.body", "body": self._upstream.without_key(rest)})


async def _whole(found: httpx2.Response) -> bytes | None:
    """The body; None when it is too long."""
    pieces, length = [], 0
    async for piece in found.aiter_bytes():
        pieces.append(piece)
        length += len(piece)
        if length > MOST_BYTES:
            return None
    return b"".join(pieces)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
