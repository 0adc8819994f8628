"""Listening sockets: one for each researcher and one for the operator, all in one event loop."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from aarlab.api.identity import Door
from aarlab.errors import OperatorError

_CONNECTIONS = 16
_BACKLOG = 64
_LONGEST_PATH = 107


class _Protocol(H11Protocol):
    """Closes what one socket opens above a few connections, so that nobody can use up the lab's descriptors."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        if len(self.connections) >= _CONNECTIONS:
            transport.close()
            return
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """Leaves signals to the process that has many of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Doors:
    """Opens and closes them; used in the event loop only."""

    def __init__(self) -> None:
        """None is open."""
        self._open: dict[Path, tuple[_Server, asyncio.Task[None]]] = {}
        self._opening = asyncio.Lock()

    async def open(
        self, path: Path, app: ASGIApp, *, identity: str, cap: Callable[[str], int], uid: int | None = None
    ) -> None:
        """Listens at `path`, in a folder of its own that only `uid` may enter. Idempotent. Raises OperatorError."""
        async with self._opening:
            if path in self._open:
                return
            listener = _listen(path, uid=uid)
            config = uvicorn.Config(
                Door(app, identity=identity, cap=cap),
                http=_Protocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="critical",
                server_header=False,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=75,
            )
            server = _Server(config)
            self._open[path] = (server, asyncio.create_task(server.serve(sockets=[listener])))

    async def close(self) -> None:
        """Stops accepting, lets quick answers out, cuts the rest off."""
        for server, _ in self._open.values():
            server.should_exit = True
        await asyncio.gather(*(task for _, task in self._open.values()))
        for path in self._open:
            path.unlink(missing_ok=True)


def _listen(path: Path, *, uid: int | None) -> socket.socket:
    """Binds beside the final name and renames, so that a caller finds the old socket or the new one."""
    if len(os.fsencode(path)) + 4 > _LONGEST_PATH:
        raise OperatorError(f"{path} is too long for a socket; set a shorter XDG_RUNTIME_DIR")
    folder, fresh = path.parent, path.with_name(path.name + ".new")
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    fresh.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(fresh))
    fresh.chmod(0o600)
    if uid is not None:
        os.chown(fresh, uid, uid)
        os.chown(folder, uid, uid)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    fresh.rename(path)
    return listener
