"""A provider on loopback, or on a socket of a sandbox, for a harness that must not have the key.

The harness has a token that is worth nothing elsewhere. What it asks of the model goes to the one provider with the
real key, is set aside before and paid after at the study's prices, and is recorded. Requests of any other path, host or
form are refused; a request for another model is asked of the study's model.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvicorn

from aarlab.errors import AarlabError, OperatorError
from aarlab.minds.agent.books import Books
from aarlab.minds.agent.courier import Upstream
from aarlab.minds.agent.gate import Gate
from aarlab.minds.agent.rules import vendor
from aarlab.minds.agent.till import Till
from aarlab.minds.llm.names import Name
from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.scribe import Scribe
from aarlab.prices import Prices
from aarlab.settings import MindSettings

BASES = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com/v1"}
"""Where a provider is, unless its environment variable says otherwise."""
CONNECTIONS = 64
START_SECONDS = 10.0
_LONGEST_PATH = 107


class Proxy:
    """One that runs."""

    def __init__(self, till: Till, *, port: int | None, token: str) -> None:
        """Made by `key_proxy`."""
        self._till = till
        self.port = port
        """On 127.0.0.1; None where it listens on a socket."""
        self.token = token
        """What the harness takes for its key."""

    @property
    def over(self) -> AarlabError | None:
        """Why no further request is made; None while they are.

        ResearcherError(code="budget") when the next might go beyond the cap, UserError for what a person must put
        right (key, model, credit), OperatorError when the lab is away. From then on each request is answered with a
        permanent error, so the harness should be ended.
        """
        return self._till.over


@contextlib.contextmanager
def key_proxy(
    bench: Workbench,
    *,
    name: Name,
    prices: Prices,
    settings: MindSettings,
    scribe: Scribe,
    socket: Path | None = None,
    uid: int | None = None,
) -> Iterator[Proxy]:
    """Serves until the end of the block: on a port of loopback, or at `socket` for its owner `uid` alone.

    The key comes from the environment and stays in this process. On leaving, requests under way are given up and
    count in full. Raises OperatorError.
    """
    token, till = secrets.token_urlsafe(32), Till(bench, prices.model)
    with ThreadPoolExecutor(1, thread_name_prefix="bench") as thread, contextlib.closing(_bound(socket, uid)) as bound:
        books = Books(name, till=till, prices=prices, scribe=scribe)
        gate = Gate(upstream(name), token=token, output=settings.output_tokens, books=books, bench=bench, thread=thread)
        port = None if socket is not None else bound.getsockname()[1]
        with _serving(gate, bound):
            try:
                yield Proxy(till, port=port, token=token)
            finally:
                if socket is not None:
                    socket.unlink(missing_ok=True)


def upstream(name: Name) -> Upstream:
    """The provider, by the environment. Raises OperatorError where the key is missing."""
    key = os.environ.get(name.key, "")
    if not key:
        raise OperatorError(f"{name.words} needs a key: set the environment variable {name.key}")
    base = os.environ.get(name.base) or BASES[vendor(name)]
    return Upstream(name, base.rstrip("/").removesuffix("/v1"), key)


class _Server(uvicorn.Server):
    """Leaves signals to the process, and ends what is open itself."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(
            uvicorn.Config(
                gate,
                http="h11",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="critical",
                server_header=False,
                limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=1,
            )
        )
        self._gate = gate
        self.ready = threading.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._gate.close()
        await super().shutdown(sockets=sockets)


@contextlib.contextmanager
def _serving(gate: Gate, bound: socket.socket) -> Iterator[None]:
    server = _Server(gate)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[bound])), name="proxy", daemon=True)
    thread.start()
    try:
        if not server.ready.wait(START_SECONDS):
            raise OperatorError(f"the proxy for the model did not start in {START_SECONDS:g} s")
        yield
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def _bound(path: Path | None, uid: int | None) -> socket.socket:
    """A socket that listens: on loopback, or at a path that only its owner may use."""
    if path is None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        return listener
    if len(os.fsencode(path)) + 4 > _LONGEST_PATH:
        raise OperatorError(f"{path} is too long for a socket; set a shorter XDG_RUNTIME_DIR")
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(fresh))
    fresh.chmod(0o600)
    if uid is not None:
        os.chown(fresh, uid, uid)
    listener.listen()
    fresh.rename(path)
    return listener
