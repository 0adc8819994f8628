"""The researcher's door from inside: JSON over the sandbox's one socket. It waits out a short restart of the lab."""

import json
import os
import time
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aarlab.api.unix import UnixHttp
from aarlab.errors import OperatorError, ResearcherError
from aarlab.quote import visible

PATIENCE = 5.0
"""Seconds that a lab may be away before a command gives up."""
_READ_SECONDS = 90.0
_WAIT_SECONDS = 25.0
_PAUSE = 0.2


def socket_file() -> Path:
    """/sock/lab.sock, or where a sandbox without isolation says that it lies."""
    return Path(os.environ.get("AARLAB_SOCK") or "/sock") / "lab.sock"


class Door:
    """Requests to the lab; answers are plain JSON. All of them may be sent again: what they ask for happens once."""

    def __init__(self, socket: Path) -> None:
        """`socket` is the researcher's identity."""
        self._socket = socket
        self._http = UnixHttp(socket, timeout=_READ_SECONDS)

    def get(self, *path: str, **query: str | float) -> Any:
        """Reads. Raises ResearcherError (refused) and OperatorError (the lab is away)."""
        return self._ask("GET", path, query, b"", "application/json")

    def send(self, method: str, *path: str, body: Mapping[str, Any]) -> Any:
        """Writes JSON. Raises as `get`."""
        return self._ask(method, path, {}, json.dumps(body).encode(), "application/json")

    def put_blob(self, data: bytes) -> str:
        """Stores a student and returns its id. Raises as `get`."""
        answer = self._ask("PUT", ("blobs",), {}, data, "application/octet-stream")
        return str(answer["id"])

    def follow(self, seen: dict[str, Any], *, seconds: float) -> dict[str, Any]:
        """A submission when it is answered, or how far it is after `seconds`."""
        until = time.monotonic() + seconds
        while seen["status"] in ("queued", "running") and (left := until - time.monotonic()) > 0:
            seen = self.get("submissions", str(seen["id"]), wait=min(left, _WAIT_SECONDS))
        return seen

    def _ask(self, method: str, path: tuple[str, ...], query: Mapping[str, str | float], body: bytes, kind: str) -> Any:
        target = "/v1/" + "/".join(quote(part, safe="") for part in path)
        target += f"?{urlencode(query)}" if query else ""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                status, data = self._http.ask(method, target, body=body, headers={"Content-Type": kind})
                return _accepted(status, data)
            except (OSError, HTTPException):
                if time.monotonic() + _PAUSE > until:
                    raise OperatorError(f"the lab does not answer at {self._socket}; it may be closed") from None
            time.sleep(_PAUSE)


def _accepted(status: int, data: bytes) -> Any:
    """The answer, or the lab's own words for why there is none."""
    try:
        found = json.loads(data)
        message = "" if status < 300 else visible(str(found["message"]))
        code = "" if status < 300 else str(found["code"])
    except (ValueError, KeyError, TypeError):
        raise OperatorError(f"the lab answered {status} without a reason") from None
    if status < 300:
        return found
    if status >= 500:
        raise OperatorError(message)
    raise ResearcherError(message, code=code)
