"""An append-safe file of computed features: SQLite, so that a crash loses at most the batch under way."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from aarlab.w2s.backends.smollm import WIDTH
from aarlab.w2s.backends.worker import Result

SCHEMA = "CREATE TABLE IF NOT EXISTS result (key TEXT PRIMARY KEY, responses INTEGER, data BLOB) WITHOUT ROWID"


class FeatureStore:
    """Results by key, in memory when `folder` is None. For one thread."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / "features.sqlite" if folder else ":memory:", timeout=60)
        self._connection.execute(SCHEMA)

    def close(self) -> None:
        """Releases the file."""
        self._connection.close()

    def has(self, key: str) -> bool:
        """Whether there is a result."""
        return self._connection.execute("SELECT 1 FROM result WHERE key = ?", (key,)).fetchone() is not None

    def get(self, key: str) -> Result:
        """The stored result. Raises KeyError."""
        query = "SELECT responses, data FROM result WHERE key = ?"
        row = self._connection.execute(query, (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return _unpack(*row)

    def put(self, results: Iterable[tuple[str, Result]]) -> None:
        """Adds results in one transaction."""
        rows = [(key, len(result.loglik), _pack(result)) for key, result in results]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO result VALUES (?, ?, ?)", rows)


def _pack(result: Result) -> bytes:
    return b"".join(array.astype("<f4").tobytes() for array in (result.loglik, result.base, result.hidden))


def _unpack(responses: int, data: bytes) -> Result:
    flat = np.frombuffer(data, "<f4").astype(np.float32)
    hidden = flat[2 * responses :].reshape(responses, -1, WIDTH)
    return Result(hidden, flat[:responses], flat[responses : 2 * responses])
