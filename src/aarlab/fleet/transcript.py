"""What a researcher and its language model have said to each other, one JSON object a line, without secrets."""

import json
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from aarlab.api.client import Operator
from aarlab.fleet.secrets import Secrets
from aarlab.wire import SealRequest

SEAL_EVERY = 50
"""Entries after which the file is sealed, whether its session has ended or not."""
Seal = Callable[[int, str], None]
"""Takes the bytes of the file so far and their SHA-256 in hex."""


def into_ledger(operator: Operator, name: str) -> Seal:
    """Has the transcript of the researcher `name` sealed in the ledger. The seal raises OperatorError."""

    def seal(size: int, digest: str) -> None:
        operator.seal(SealRequest(researcher=name, bytes=size, sha256=digest))

    return seal


class Transcript:
    """Appends to one file, which is for the operator alone. May be used from several threads."""

    def __init__(self, path: Path, *, seal: Seal | None = None) -> None:
        """The file and its folder are made with the first entry. `seal` is called at the end of each session."""
        self._path = path
        self._seal = seal
        self._secrets = Secrets()
        self._lock = threading.Lock()
        self._digest, self._size, self._unsealed = sha256(), 0, 0
        self._open = False

    def clean(self, text: str) -> str:
        """The text without secrets."""
        return self._secrets.clean(text)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Appends an entry with the time. What is a secret in the environment, or looks like a key, is blanked out."""
        kept = self._secrets.cleaned(entry)
        with self._lock:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._append(json.dumps({"time": now, **kept}).encode() + b"\n")
            self._unsealed += 1
            due = self._unsealed >= SEAL_EVERY or kept.get("kind") == "session ended"
            taken = self._take() if due else None
        self._stamp(taken)

    def close(self) -> None:
        """Seals what was not sealed yet. More may be added later."""
        with self._lock:
            taken = self._take()
        self._stamp(taken)

    def _take(self) -> tuple[int, str] | None:
        """What is to be sealed; each stretch of the file is taken by one caller."""
        fresh, self._unsealed = self._unsealed > 0, 0
        return (self._size, self._digest.hexdigest()) if fresh else None

    def _stamp(self, taken: tuple[int, str] | None) -> None:
        """Outside the lock, for the lab may be away for a while."""
        if taken is not None and self._seal is not None:
            self._seal(*taken)

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            if not self._open:
                line = self._resume(stream.read()) + line
            self._open = True
            stream.write(line)
        self._digest.update(line)
        self._size += len(line)

    def _resume(self, before: bytes) -> bytes:
        """Takes in what was written before this process; what must stand before its first line."""
        self._digest.update(before)
        self._size = len(before)
        # A process that was killed as it wrote has left a torn line: it stays apart from ours.
        return b"" if not before or before.endswith(b"\n") else b"\n"
