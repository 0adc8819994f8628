"""What a researcher and its language model have said to each other, one JSON object a line, without secrets."""

import json
import os
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BLANK = "[redacted]"
SHORTEST = 8
"""A value with fewer characters is no secret; blanking it out would hide ordinary words."""
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)S?$")
_KEYS = re.compile(r"\b(?:sk|gh[pousr]|xox[abp])[-_][A-Za-z0-9_-]{16,}")


class Transcript:
    """Appends to one file, which is for the operator alone."""

    def __init__(self, path: Path) -> None:
        """The file and its folder are made with the first entry."""
        self._path = path
        self._lock = threading.Lock()
        named = {value for name, value in os.environ.items() if _SECRET.search(name) and len(value) >= SHORTEST}
        self._secrets = sorted((json.dumps(value)[1:-1] for value in named), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, BLANK)
        return _KEYS.sub(BLANK, text)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Appends an entry with the time. What is a secret in the environment, or looks like a key, is blanked out."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = self.clean(json.dumps({"time": now, **entry}))
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with self._lock, os.fdopen(descriptor, "w") as stream:
            stream.write(line + "\n")
