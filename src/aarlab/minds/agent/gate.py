"""The proxy as one ASGI application: what may go to the provider goes there, paid for and recorded."""

import asyncio
import hmac
import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aarlab.errors import AarlabError, ResearcherError
from aarlab.minds.agent.books import Books, Exchange
from aarlab.minds.agent.courier import Courier, Upstream
from aarlab.minds.agent.rules import ROUTES, Form, NotAllowed, cleaned, refusal, vendor
from aarlab.minds.protocol import Workbench

T = TypeVar("T")
MOST_BYTES = 32 << 20
"""Of a request."""
SIGN_SECONDS = 20.0
"""How often a wait for the model gives a sign of life."""


class Gate:
    """All that touches the bench is done on one thread of its own, in order."""

    def __init__(
        self, upstream: Upstream, *, token: str, output: int, books: Books, bench: Workbench, thread: Executor
    ) -> None:
        """`token`: what the harness has for a key. `output`: most tokens of an answer. `thread` has one worker."""
        self._upstream, self._token, self._output = upstream, token, output
        self._books, self._bench, self._thread = books, bench, thread
        self._vendor = vendor(upstream.name)
        self._courier: Courier | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        form = ROUTES.get((self._vendor, request.method, request.url.path))
        if not self._knows(request.headers):
            await self._refuse(request, send, 401, "the token of this proxy is needed")
        elif form is None:
            words = f"{request.method} {request.url.path[:80]} is not passed on: it does not ask a model"
            await self._refuse(request, send, 404, words)
        elif (body := await _body(receive)) is None:
            await self._refuse(request, send, 413, "the request is too long")
        else:
            work = asyncio.ensure_future(self._serve(request, send, body=body, form=form))
            self._open.add(work)
            await self._until_done(work, receive)
            self._open.discard(work)

    async def close(self) -> None:
        """Gives up what is under way, and the connections."""
        open = list(self._open)
        for work in open:
            work.cancel()
        await asyncio.gather(*open, return_exceptions=True)
        if self._courier is not None:
            await self._courier.close()

    def _knows(self, headers: Headers) -> bool:
        given = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self._token.encode())

    async def _refuse(self, request: Request, send: Send, status: int, words: str) -> None:
        """An answer of our own, which no client should try again."""
        response = Response(refusal(self._vendor, status, words), status, {"x-should-retry": "false"})
        response.headers["content-type"] = "application/json"
        await response(request.scope, request.receive, send)

    async def _until_done(self, work: "asyncio.Task[None]", receive: Receive) -> None:
        """Gives the work up when the harness hangs up."""
        gone = asyncio.ensure_future(_hung_up(receive))
        try:
            while not work.done():
                done, _ = await asyncio.wait({work, gone}, timeout=SIGN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if gone in done:
                    work.cancel()
                    await asyncio.wait({work})
                elif not done:
                    await self._do(partial(self._bench.log, "waits for the model"))
        finally:
            gone.cancel()
        if not work.cancelled():
            work.result()

    async def _serve(self, request: Request, send: Send, *, body: bytes, form: Form) -> None:
        if self._courier is None:
            self._courier = Courier(self._upstream, failed=self._failed, settle=self._settle)
        courier = self._courier
        if form == "models":
            return await courier.carry(request, send, body=b"", exchange=None)
        try:
            asked = cleaned(body, form=form, model=self._upstream.name.model, output=self._output)
        except NotAllowed as error:
            return await self._refuse(request, send, 400, str(error))
        fresh = json.dumps(asked.body, ensure_ascii=False).encode(errors="replace")
        if form == "count":
            return await courier.carry(request, send, body=fresh, exchange=None)
        try:
            exchange = await self._opened(partial(self._books.open, asked, form=form, size=len(fresh)))
        except AarlabError as error:
            status = 402 if isinstance(error, ResearcherError) else 403
            return await self._refuse(request, send, status, f"no further request is made: {error}")
        try:
            await courier.carry(request, send, body=fresh, exchange=exchange)
        finally:
            await self._settle(exchange)
        return None

    async def _opened(self, work: Callable[[], Exchange]) -> Exchange:
        """What was set aside for a harness that has hung up meanwhile is given back."""
        future = self._thread.submit(work)
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            self._thread.submit(self._give_back, future)
            raise

    def _give_back(self, future: "Future[Exchange]") -> None:
        if future.exception() is None:
            self._books.settle(future.result())

    async def _settle(self, exchange: Exchange) -> None:
        await self._do(partial(self._books.settle, exchange))

    async def _failed(self, status: int, data: bytes) -> None:
        await self._do(partial(self._books.failed, status, data))

    async def _do(self, work: Callable[[], T]) -> T:
        """On the bench's thread; done also when the task that waits for it is given up."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is too long, or the harness has hung up."""
    pieces, length = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        pieces.append(message.get("body", b""))
        length += len(pieces[-1])
        if length > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(pieces)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
