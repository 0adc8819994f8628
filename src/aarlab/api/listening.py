"""A Unix socket that one identity may use, and an HTTP server behind it that leaves signals alone."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

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


class Server(uvicorn.Server):
    """Leaves signals to the process that has many of them, or another thread for them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: ASGIApp, *, lifespan: Literal["on", "off"] = "off") -> Server:
    """Not yet serving. It writes no log."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan=lifespan,
        access_log=False,
        log_config=None,
        log_level="critical",
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
    )
    return Server(config)


def listen(path: Path, *, uid: int | None) -> socket.socket:
    """Listens at `path`, in a folder of its own that only `uid` may enter. Raises OperatorError.

    Binds beside the final name and renames, so that a caller finds the old socket or the new one.
    """
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
