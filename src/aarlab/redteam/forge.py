"""What the owner of a study's folder can do to a copy of its ledger: everything, but for signing in the lab's name."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aarlab.canonical import canonical_json
from aarlab.lab.chain import GENESIS, entry_hash
from aarlab.lab.heads import Head, read_heads
from aarlab.lab.sqlite_store import read_events
from aarlab.paths import StudyPaths

Entries = list[dict[str, Any]]
_COLUMNS = ("seq", "kind", "actor", "body", "meta", "prev", "hash")


@contextmanager
def copy_of(study: StudyPaths) -> Iterator[StudyPaths]:
    """A study as an auditor has it, running or not: without the vault, and nothing newer than the ledger."""
    with TemporaryDirectory() as folder:
        copy = StudyPaths(Path(folder))
        shutil.copy(study.public_key, copy.public_key)
        shutil.copytree(study.heads_repository, copy.heads_repository)
        shutil.copy(study.heads, copy.heads)
        with closing(sqlite3.connect(study.database)) as old, closing(sqlite3.connect(copy.database)) as new:
            old.backup(new)
        yield copy


def heads(study: StudyPaths) -> list[Head]:
    """Its signed heads, oldest first."""
    return [head for _, head in read_heads(study.heads) if head is not None]


def write_heads(study: StudyPaths, kept: list[Head]) -> None:
    """heads.jsonl anew; heads.git is taken away."""
    study.heads.write_bytes(b"".join(head.line + b"\n" for head in kept))
    shutil.rmtree(study.heads_repository)


def statements(study: StudyPaths, *lines: str) -> None:
    """Changes rows behind the triggers' back."""
    with closing(sqlite3.connect(study.database)) as connection, connection:
        for trigger in ("ledger_update", "ledger_delete"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for line in lines:
            connection.execute(line)


def new_chain(study: StudyPaths, change: Callable[[Entries], Entries]) -> None:
    """Writes the ledger anew, with numbers and hashes that fit."""
    entries = change([asdict(event) for event in read_events(study.database)])
    statements(study, "DELETE FROM ledger")
    prev = GENESIS
    with closing(sqlite3.connect(study.database)) as connection, connection:
        for seq, entry in enumerate(entries, 1):
            entry |= {"seq": seq, "prev": prev}
            prev = entry["hash"] = entry_hash(entry)
            row = {**entry, **{name: canonical_json(entry[name]).decode() for name in ("body", "meta")}}
            connection.execute(
                "INSERT INTO ledger VALUES (:seq, :kind, :actor, :body, :meta, :prev, :hash)",
                {name: row[name] for name in _COLUMNS},
            )
