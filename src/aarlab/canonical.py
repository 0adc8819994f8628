"""Canonical bytes: one JSON form and one hash for everything that is named by its content."""

import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any


def canonical_json(value: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no spaces, UTF-8. Raises ValueError on NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: bytes) -> str:
    """Lower-case SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_json(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`."""
    return digest(canonical_json(value))


def keyed_bytes(key: bytes, *parts: str | int) -> bytes:
    """32 bytes of a pseudo-random function of `parts` under `key` (HMAC-SHA256 of their canonical JSON)."""
    return hmac.new(key, canonical_json(list(parts)), hashlib.sha256).digest()


def keyed_seed(key: bytes, *parts: str | int) -> int:
    """A seed in [0, 2**63) that only a holder of `key` can compute."""
    return int.from_bytes(keyed_bytes(key, *parts)[:8], "big") >> 1


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Writes `data` to `path` so that a reader or a crash sees the old file or the whole new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
