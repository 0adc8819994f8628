"""Seals of transcripts: the ledger does not have what was said, but it knows what the files were at that time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from aarlab.lab.store import Event

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Seal:
    """What a transcript was when an entry was written."""

    entry: int
    """Of the ledger."""
    researcher: str
    """Whose transcript."""
    size: int
    """Bytes from the beginning of the file."""
    digest: str
    """SHA-256 of these, in hex."""


def seal_of(event: Event) -> Seal:
    """The seal that an entry holds."""
    return Seal(event.seq, str(event.body["researcher"]), int(event.meta["bytes"]), str(event.meta["sha256"]))


def check_seals(folder: Path, seals: Sequence[Seal]) -> tuple[list[str], list[str]]:
    """What does not fit the transcripts in `folder`, and what could not be checked, in words."""
    if not seals:
        return [], []
    if not folder.is_dir():
        return [], ["the transcripts are not here; their seals were not checked"]
    faults, notes = [], []
    for name in sorted({seal.researcher for seal in seals}):
        own = sorted((seal for seal in seals if seal.researcher == name), key=lambda seal: seal.size)
        path = folder / f"{Path(name).name}.jsonl"
        if not path.is_file():
            faults.append(
                f"the transcript of {name} is gone; entry {own[-1].entry} has sealed {own[-1].size} bytes of it"
            )
        elif (bad := next(_misfits(path, own), None)) is not None:
            below = max((seal.size for seal in own if seal.size < bad.size), default=0)
            where = f"bytes {below + 1} to {bad.size} of the transcript of {name} are not those"
            faults.append(f"{where} that entry {bad.entry} has sealed")
        elif (behind := path.stat().st_size - own[-1].size) > 0:
            notes.append(f"the last {behind} bytes of the transcript of {name} came after its last seal")
    return faults, notes


def _misfits(path: Path, seals: Sequence[Seal]) -> Iterator[Seal]:
    """Seals, by size, that a file does not fit."""
    digest, done = sha256(), 0
    with path.open("rb") as stream:
        for seal in seals:
            while done < seal.size and (data := stream.read(min(_CHUNK, seal.size - done))):
                digest.update(data)
                done += len(data)
            if done != seal.size or digest.hexdigest() != seal.digest:
                yield seal
