"""Who may speak to the dashboard: a browser of the operator's that knows the token, and pages of its own alone."""

import hashlib
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aarlab.canonical import write_atomic
from aarlab.errors import OperatorError

TOKEN_FILE = ".serve-token"
HOSTS = frozenset({"127.0.0.1", "localhost"})
SAFE = frozenset({"GET", "HEAD"})
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_YEAR = 365 * 24 * 3600


def token_of(root: Path) -> str:
    """The token of the dashboard of one studies folder, made once: so that open pages outlive a restart of it.

    Raises OperatorError.
    """
    path = root / TOKEN_FILE
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            write_atomic(path, secrets.token_urlsafe(24).encode(), mode=0o600)
        return path.read_text().strip()
    except OSError as error:
        raise OperatorError(f"{path}: cannot be used: {error.strerror}") from None


class Guard:
    """Around the whole dashboard: host, token, origin; then headers that keep a page to itself."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        """`token` comes once in the address that `aarlab serve` prints, and from then on as a cookie made of it."""
        self._app = app
        self._token = token
        self._session = hashlib.sha256(f"aarlab-session:{token}".encode()).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request. Anything but HTTP goes through unguarded only if it is the server's own lifespan."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = self._refusal(scope)
            await (refusal or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if (urlsplit(f"//{host}").hostname or "") not in HOSTS:  # a name that was made to point here (DNS rebinding)
            return PlainTextResponse("This dashboard answers to 127.0.0.1 and localhost only.", 421)
        if scope["method"] not in SAFE and not _own(headers, host):
            return PlainTextResponse("This request does not come from a page of this dashboard.", 403)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if scope["method"] == "GET" and "token" in query:
            return self._login(scope["path"], query, cookie=_cookie(host))
        given = cookie_parser(headers.get("cookie", "")).get(_cookie(host), "")
        if not secrets.compare_digest(given.encode(), self._session.encode()):
            return PlainTextResponse("Open the address that `aarlab serve` has printed: it has the token.", 401)
        return None

    def _login(self, path: str, query: dict[str, str], *, cookie: str) -> Response:
        """The same address without the token, which stays out of the history; with the cookie if it was right."""
        if not secrets.compare_digest(query.pop("token").encode(), self._token.encode()):
            return PlainTextResponse("This token is not that of this dashboard; see what `aarlab serve` prints.", 401)
        local = f"/{path.lstrip('/')}"  # "//host" would lead elsewhere
        answer = RedirectResponse(f"{local}?{urlencode(query)}" if query else local, status_code=303)
        answer.set_cookie(cookie, self._session, max_age=_YEAR, path="/", httponly=True, samesite="strict")
        return answer


def _cookie(host: str) -> str:
    """Browsers share cookies between ports, and several dashboards may run here."""
    return f"aarlab-{urlsplit(f'//{host}').port or 80}"


def _own(headers: Headers, host: str) -> bool:
    """Whether a request that changes something was sent by a page of ours: browsers always say so."""
    origin = headers.get("origin")
    return origin == f"http://{host}" if origin is not None else headers.get("sec-fetch-site") == "same-origin"


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", POLICY)
            headers.setdefault("cache-control", "no-store")
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"  # with "no-referrer" forms come from the origin "null"
            headers["cross-origin-opener-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
        await send(message)

    return sending
