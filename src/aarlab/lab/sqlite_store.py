"""The ledger in SQLite: one writer thread, group commit, hash chain. All that is particular to SQLite is here."""

import fcntl
import json
import os
import queue
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aarlab.canonical import canonical_json
from aarlab.errors import OperatorError, ResearcherError
from aarlab.lab.chain import entry_hash, verify_chain
from aarlab.lab.store import Draft, Event

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, actor TEXT NOT NULL, body TEXT NOT NULL, meta TEXT NOT NULL,
  prev TEXT NOT NULL, hash TEXT NOT NULL UNIQUE) STRICT;
CREATE TRIGGER IF NOT EXISTS ledger_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""
_INSERT = "INSERT INTO ledger (seq, kind, actor, body, meta, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT seq, kind, actor, body, meta, prev, hash FROM ledger WHERE seq > ? ORDER BY seq"
_NEWEST = "SELECT seq, kind, actor, body, meta, prev, hash FROM ledger WHERE seq < ? {} ORDER BY seq DESC LIMIT ?"
_KINDS = "SELECT kind, count(*) FROM ledger GROUP BY kind ORDER BY kind"
_GROUP = 512


@dataclass(frozen=True)
class _Receipt:
    events: Sequence[Event]
    done: "Future[None]"

    def wait(self) -> Sequence[Event]:
        self.done.result()
        return self.events


class SqliteStore:
    """A ledger in one file, written by one process. Implements aarlab.lab.store.Store."""

    def __init__(self, path: Path) -> None:
        """Opens or creates `path` and walks the chain. Raises OperatorError when it was changed or is in use."""
        self._path = path
        self._lock_file = _lock(path)
        try:
            _create(path)
            report = verify_chain(read_events(path))
            if not report.ok:
                raise OperatorError(f"the ledger {path} does not verify: {report.problem}")
        except OperatorError:
            os.close(self._lock_file)
            raise
        self._seq, self._head = report.entries, report.head
        self._closed = False
        self._order = threading.Lock()
        self._queue: queue.SimpleQueue[_Receipt | None] = queue.SimpleQueue()
        self._failure: OperatorError | None = None
        self._writer = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._writer.start()

    def begin(self, drafts: Sequence[Draft]) -> _Receipt:
        """As in Store."""
        plain = [_plain(draft) for draft in drafts]
        with self._order:
            if self._failure or self._closed:
                raise self._failure or OperatorError("the ledger is closed")
            receipt = _Receipt([self._link(draft) for draft in plain], Future())
            self._queue.put(receipt)
        return receipt

    def append(self, drafts: Sequence[Draft]) -> Sequence[Event]:
        """As in Store."""
        return self.begin(drafts).wait()

    def events(self, *, after: int = 0) -> Iterator[Event]:
        """As in Store."""
        return read_events(self._path, after=after)

    def close(self) -> None:
        """As in Store; further writing raises OperatorError."""
        with self._order:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        os.close(self._lock_file)

    def _link(self, draft: Draft) -> Event:
        entry = asdict(draft) | {"seq": self._seq + 1, "prev": self._head}
        event = Event(**entry, hash=entry_hash(entry))
        self._seq, self._head = event.seq, event.hash
        return event

    def _write(self) -> None:
        connection = _open(self._path)
        while (first := self._queue.get()) is not None:
            group, more = self._drain(first)
            self._commit(connection, group)
            if not more:
                break
        connection.close()

    def _drain(self, first: _Receipt) -> tuple[list[_Receipt], bool]:
        """What has queued up since, and whether the queue goes on."""
        group = [first]
        while len(group) < _GROUP and not self._queue.empty():
            item = self._queue.get()
            if item is None:
                return group, False
            group.append(item)
        return group, True

    def _commit(self, connection: sqlite3.Connection, group: Sequence[_Receipt]) -> None:
        try:
            if self._failure:
                raise self._failure
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, [_row(event) for receipt in group for event in receipt.events])
            connection.execute("COMMIT")
        except (sqlite3.Error, OperatorError) as error:
            self._failure = OperatorError(f"the ledger {self._path} cannot be written: {error}")
            for receipt in group:
                receipt.done.set_exception(self._failure)
            return
        for receipt in group:
            receipt.done.set_result(None)


def read_events(path: Path, *, after: int = 0) -> Iterator[Event]:
    """Events of a ledger, also while a server writes it. Raises OperatorError when there is none."""
    yield from map(_event, _rows(path, _SELECT, after))


def newest_events(path: Path, *, before: int, kind: str | None = None, most: int) -> list[Event]:
    """Events with seq < `before`, newest first, of one kind or of all. Raises OperatorError as `read_events` does."""
    if kind is None:
        return [_event(row) for row in _rows(path, _NEWEST.format(""), before, most)]
    return [_event(row) for row in _rows(path, _NEWEST.format("AND kind = ?"), before, kind, most)]


def count_events(path: Path) -> dict[str, int]:
    """How many events there are of each kind. Raises OperatorError as `read_events` does."""
    return dict(_rows(path, _KINDS))


def _rows(path: Path, query: str, *values: int | str) -> Iterator[tuple[Any, ...]]:
    if not path.is_file():
        raise OperatorError(f"there is no ledger at {path}")
    try:
        with _reading(path) as connection:
            yield from connection.execute(query, values)
    except (sqlite3.DatabaseError, OSError) as error:
        raise OperatorError(f"the ledger {path} cannot be read: {error}") from error


def _event(row: tuple[Any, ...]) -> Event:
    seq, kind, actor, body, meta, prev, entry = row
    return Event(seq=seq, kind=kind, actor=actor, body=_parse(body), meta=_parse(meta), prev=prev, hash=entry)


def export_ledger(path: Path, target: Path) -> None:
    """Writes the whole ledger as one new file that needs no other beside it. Raises OperatorError."""
    try:
        with _reading(path) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except (sqlite3.DatabaseError, OSError) as error:
        raise OperatorError(f"the ledger {path} cannot be copied to {target}: {error}") from error


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reading. SQLite writes beside a ledger even to read it, so where it may not, a copy is read."""
    with ExitStack() as stack:
        connection = stack.enter_context(closing(_connect(path)))
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                raise
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="aarlab-")))
            for name in (path.name, f"{path.name}-wal"):
                if (path.parent / name).exists():
                    shutil.copyfile(path.parent / name, folder / name)
            connection = stack.enter_context(closing(_connect(folder / path.name)))
        yield connection


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def _create(path: Path) -> None:
    connection = _open(path)
    try:
        connection.executescript(_SCHEMA)
    except sqlite3.DatabaseError as error:
        raise OperatorError(f"the ledger {path} cannot be opened: {error}") from error
    finally:
        connection.close()


def _lock(path: Path) -> int:
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OperatorError(f"another lab server already writes {path}; stop it first (aarlab stop)") from None
    return descriptor


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.DatabaseError as error:
        raise OperatorError(f"the ledger {path} cannot be opened: {error}") from error
    return connection


def _plain(draft: Draft) -> Draft:
    """The draft as it will be read back."""
    try:
        body, meta = json.loads(canonical_json(draft.body)), json.loads(canonical_json(draft.meta))
    except ValueError as error:
        raise ResearcherError("the request holds text that is not valid Unicode, or NaN", code="malformed") from error
    return Draft(str(draft.kind), draft.actor, body, meta)


def _row(event: Event) -> tuple[Any, ...]:
    return (
        event.seq,
        event.kind,
        event.actor,
        canonical_json(event.body).decode(),
        canonical_json(event.meta).decode(),
        event.prev,
        event.hash,
    )


def _parse(text: str) -> dict[str, Any]:
    """A column as JSON; what an editor has broken becomes an entry whose hash does not fit."""
    try:
        value = json.loads(text)
    except ValueError:
        return {"unreadable": text}
    return value if isinstance(value, dict) else {"unreadable": text}
