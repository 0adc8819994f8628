"""One text pair of a domain, and the file that holds a domain's pairs."""

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """A prompt with a right and a wrong response."""

    prompt: str
    """What is asked, without any template."""
    good: str
    """The right response."""
    bad: str
    """The wrong response."""
    subset: str
    """Slice name, seen by the lab only."""
    group: str
    """Rows with the same group stay on one side of every split."""


def unique(rows: Iterable[Row]) -> list[Row]:
    """Keeps the rows whose prompt and both responses have not occurred before, in the given order."""
    seen: set[str] = set()
    kept = []
    for row in rows:
        texts = {row.prompt, row.good, row.bad}
        if len(texts) == 3 and not texts & seen:
            seen |= texts
            kept.append(row)
    return kept


def write_rows(path: Path, rows: Sequence[Row], *, seed: int) -> None:
    """Writes the rows, shuffled by `seed`, as gzipped JSON lines with a running id. The bytes are reproducible."""
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    lines = [json.dumps({"id": index, **asdict(row)}, sort_keys=True) for index, row in enumerate(shuffled)]
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
