"""The ledger by itself: durable appends with their chain, signed heads, and what an audit costs.

python benchmarks/ledger.py [--entries 5000] [--folder DIR]
"""

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from aarlab.lab.audit import audit
from aarlab.lab.chain import verify_chain
from aarlab.lab.events import Kind
from aarlab.lab.headrepo import HeadRepository
from aarlab.lab.heads import HeadFile, Signer, misfit
from aarlab.lab.sqlite_store import SqliteStore, read_events
from aarlab.lab.store import Draft, Event
from aarlab.paths import StudyPaths

THREADS = 16
EVERY = 100
"""Entries to a head."""
COMMITS = 50


def rate(act: Callable[[], object], *, count: int) -> float:
    """`count` things a second."""
    begin = time.perf_counter()
    act()
    return count / (time.perf_counter() - begin)


def draft(number: int) -> Draft:
    """An entry of common size."""
    return Draft(Kind.NOTE_SAVED, "r1", {"text": f"note {number} " + "x" * 100}, {"time": 1.5})


def append(store: SqliteStore, count: int) -> None:
    """One after the other, each on the disk before the next."""
    for number in range(count):
        store.append([draft(number)])


def append_together(store: SqliteStore, count: int) -> None:
    """From many threads, which share syncs of the disk."""
    threads = [threading.Thread(target=append, args=(store, count // THREADS)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def plain_syncs(folder: Path, count: int) -> None:
    """The floor: a small write and a sync of the disk."""
    descriptor = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(count):
        os.write(descriptor, b"x" * 300)
        os.fsync(descriptor)
    os.close(descriptor)


def measure(paths: StudyPaths, *, entries: int) -> Sequence[tuple[str, float]]:
    """All lines of the table: what, how many a second."""
    signer = Signer(b"b" * 32, study="benchmark")
    rows = [("plain write and sync", rate(lambda: plain_syncs(paths.root, 200), count=200))]
    store = SqliteStore(paths.database)
    store.append([Draft(Kind.STUDY_CREATED, "lab", {}, {"time": 1.5, "key": signer.key})])
    rows.append(("append, one thread", rate(lambda: append(store, entries // 10), count=entries // 10)))
    rows.append((f"append, {THREADS} threads", rate(lambda: append_together(store, entries), count=entries)))
    store.close()
    events = list(read_events(paths.database))
    return rows + heads(paths, signer, events)


def heads(paths: StudyPaths, signer: Signer, events: Sequence[Event]) -> list[tuple[str, float]]:
    """Signing, publishing, verifying."""
    file, repository = HeadFile(paths.heads), HeadRepository(paths.heads_repository)
    named = [events[0], *events[EVERY - 1 :: EVERY], events[-1]]
    signed = [signer.sign(number=n, seq=e.seq, hash=e.hash, time=1.5) for n, e in enumerate(named, 1)]
    paths.public_key.write_bytes(signer.pem)
    size = len(events)
    rows = [
        (
            "sign",
            rate(lambda: [signer.sign(number=1, seq=1, hash="0" * 64, time=1.5) for _ in range(2000)], count=2000),
        ),
        ("check a signature", rate(lambda: [misfit(signed[0], signer.key) for _ in range(2000)], count=2000)),
        ("head into heads.jsonl, synced", rate(lambda: [file.append(head) for head in signed], count=len(signed))),
    ]
    some = signed[:COMMITS]
    rows.append(
        ("head into heads.git, synced", rate(lambda: [repository.publish(head) for head in some], count=len(some)))
    )
    rows.append(("walk the chain, entries", rate(lambda: verify_chain(read_events(paths.database)), count=size)))
    rows.append(("audit with all heads, entries", rate(lambda: audit(paths), count=size)))
    assert audit(paths).ok
    return rows


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=5000)
    parser.add_argument("--folder", type=Path, help="on the disk to be measured; by default the temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rows = measure(StudyPaths(Path(folder)), entries=options.entries)
    floor = rows[0][1]
    print(f"{'':32}{'per second':>12}{'x sync':>10}")
    for what, speed in rows:
        print(f"{what:32}{speed:12.0f}{speed / floor:10.2f}")


if __name__ == "__main__":
    main()
