"""Listening sockets: one for each researcher and one for the operator, all in one event loop."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from aarlab.api.identity import Door
from aarlab.api.listening import Server, listen, server


class Doors:
    """Opens and closes them; used in the event loop only."""

    def __init__(self) -> None:
        """None is open."""
        self._open: dict[Path, tuple[Server, asyncio.Task[None]]] = {}
        self._opening = asyncio.Lock()

    async def open(
        self, path: Path, app: ASGIApp, *, identity: str, cap: Callable[[str], int], uid: int | None = None
    ) -> None:
        """Listens at `path`, in a folder of its own that only `uid` may enter. Idempotent. Raises OperatorError."""
        async with self._opening:
            if path in self._open:
                return
            listener = listen(path, uid=uid)
            behind = server(Door(app, identity=identity, cap=cap))
            self._open[path] = (behind, asyncio.create_task(behind.serve(sockets=[listener])))

    async def close(self) -> None:
        """Stops accepting, lets quick answers out, cuts the rest off."""
        for behind, _ in self._open.values():
            behind.should_exit = True
        await asyncio.gather(*(task for _, task in self._open.values()))
        for path in self._open:
            path.unlink(missing_ok=True)
