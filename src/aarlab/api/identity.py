"""ASGI wrappers of one listening socket: who speaks, and how much of it is heard."""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEY = "aarlab.identity"


class Door:
    """Gives every request of one socket its identity, and refuses bodies above a cap before they are read whole."""

    def __init__(self, app: ASGIApp, *, identity: str, cap: Callable[[str], int]) -> None:
        """`cap` gives the most bytes of a body sent to a path."""
        self._app = app
        self._identity = identity
        self._cap = cap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request. Anything but HTTP is not answered."""
        if scope["type"] != "http":
            return
        scope[_KEY] = self._identity
        cap = self._cap(scope["path"])
        if _declared(scope) > cap:
            await JSONResponse({"code": "large", "message": _words(cap)}, status_code=413)(scope, receive, send)
        else:
            await self._app(scope, _capped(receive, cap), send)


def identity_of(scope: Scope) -> str:
    """Who speaks, as the socket says."""
    name: str = scope[_KEY]
    return name


def _capped(receive: Receive, cap: int) -> Receive:
    heard = 0

    async def receiving() -> Message:
        nonlocal heard
        message = await receive()
        heard += len(message.get("body", b""))
        if heard > cap:
            raise HTTPException(413, _words(cap))
        return message

    return receiving


def _words(cap: int) -> str:
    return f"a request to this address has at most {cap} bytes"


def _declared(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0
