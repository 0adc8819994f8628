"""What a researcher and its language model have said to each other, one JSON object a line, without secrets."""

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aarlab.fleet.secrets import Secrets


class Transcript:
    """Appends to one file, which is for the operator alone. May be used from several threads."""

    def __init__(self, path: Path) -> None:
        """The file and its folder are made with the first entry."""
        self._path = path
        self._secrets = Secrets()
        self._lock = threading.Lock()
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

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            if not self._open and _torn(stream.fileno()):
                line = b"\n" + line  # a process was killed as it wrote: its line stays apart from ours
            self._open = True
            stream.write(line)


def _torn(descriptor: int) -> bool:
    """Whether the last line of a file has no end."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
