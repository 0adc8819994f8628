"""The dashboard's server: one listening socket on 127.0.0.1, until a signal."""

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from aarlab.api.listening import server
from aarlab.errors import OperatorError
from aarlab.web.app import dashboard
from aarlab.web.guard import token_of

ADDRESS = "127.0.0.1"
_BACKLOG = 128


def serve(root: Path, *, port: int, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; `ready` is told the address, with the token. Raises OperatorError."""
    token = token_of(root)
    with _listener(port) as listener:
        url = f"http://{ADDRESS}:{listener.getsockname()[1]}/?token={token}"
        asyncio.run(_serve(root, listener, token=token, ready=lambda: ready(url)))


async def _serve(root: Path, listener: socket.socket, *, token: str, ready: Callable[[], None]) -> None:
    behind = server(dashboard(root, token=token))
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(behind.serve(sockets=[listener]))
    ready()
    await stop.wait()
    behind.should_exit = True
    await serving


def _listener(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((ADDRESS, port))
        found.listen(_BACKLOG)
        found.setblocking(False)
    except (OSError, OverflowError) as error:
        found.close()
        words = getattr(error, "strerror", None) or str(error)
        raise OperatorError(f"port {port} cannot be listened on: {words}; choose another with --port") from None
    return found
