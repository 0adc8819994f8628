"""HTTP over a Unix socket with the standard library: connections are kept, shared by threads, and always closed."""

import contextlib
import http.client
import socket
from collections.abc import Mapping
from pathlib import Path

_CONNECT_SECONDS = 5.0


class _Connection(http.client.HTTPConnection):
    """One connection to a socket's path."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        super().__init__("lab", timeout=timeout)
        self._path = path
        self._seconds = timeout

    def connect(self) -> None:
        """Raises OSError when nobody listens."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(_CONNECT_SECONDS)
            line.connect(str(self._path))
            line.settimeout(self._seconds)
        except OSError:
            line.close()
            raise
        self.sock = line


class UnixHttp:
    """A client of one socket."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        """`timeout` in seconds is for each read and write."""
        self._path = path
        self._timeout = timeout
        self._idle: list[_Connection] = []

    def ask(self, method: str, target: str, *, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError and http.client.HTTPException; nothing is sent twice."""
        connection = self._take()
        try:
            # A server may answer before it has heard the whole body, and then hear no more.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body=body or None, headers=dict(headers))
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return answer.status, data

    def close(self) -> None:
        """Closes what is kept."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> _Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return _Connection(self._path, timeout=self._timeout)
