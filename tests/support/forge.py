"""What the owner of a study's folder can do to its ledger: everything, but for signing in the lab's name."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aarlab.canonical import canonical_json
from aarlab.lab.chain import GENESIS, entry_hash
from aarlab.lab.sqlite_store import read_events
from aarlab.paths import StudyPaths

Entries = list[dict[str, Any]]
PUBLIC = ("study.toml", "lab.db", "ledger.pub", "heads.jsonl")


def copy_of(study: StudyPaths, folder: Path) -> StudyPaths:
    """A closed study as an auditor has it: without the vault."""
    folder.mkdir(parents=True)
    for name in PUBLIC:
        shutil.copy(study.root / name, folder / name)
    for name in ("heads.git", "snapshots.git"):
        shutil.copytree(study.root / name, folder / name)
    return StudyPaths(folder)


def statements(path: Path, *lines: str) -> None:
    """Changes rows behind the triggers' back."""
    with sqlite3.connect(path) as connection:
        connection.executescript("DROP TRIGGER IF EXISTS ledger_update; DROP TRIGGER IF EXISTS ledger_delete;")
        for line in lines:
            connection.execute(line)
    connection.close()


def new_chain(path: Path, change: Callable[[Entries], Entries]) -> None:
    """Writes the ledger anew, with numbers and hashes that fit."""
    entries = change([asdict(event) for event in read_events(path)])
    statements(path, "DELETE FROM ledger")
    prev = GENESIS
    with sqlite3.connect(path) as connection:
        for seq, entry in enumerate(entries, 1):
            entry |= {"seq": seq, "prev": prev}
            prev = entry_hash(entry)
            row = {**entry, **{name: canonical_json(entry[name]).decode() for name in ("body", "meta")}, "hash": prev}
            connection.execute(
                "INSERT INTO ledger VALUES (:seq, :kind, :actor, :body, :meta, :prev, :hash)",
                {name: row[name] for name in ("seq", "kind", "actor", "body", "meta", "prev", "hash")},
            )
    connection.close()
