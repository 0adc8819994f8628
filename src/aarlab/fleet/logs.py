"""The processes' own log files: what they said last, and when."""

import time
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 4096
LINE_CHARACTERS = 300


def last_line(log: Path, *, after: int = 0) -> str:
    """The last line that is not blank, cut to what fits a reason; "" when nothing was said after byte `after`."""
    try:
        size = log.stat().st_size
        with log.open("rb") as stream:
            stream.seek(max(after, size - TAIL_BYTES, 0))
            lines = stream.read(TAIL_BYTES).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip()[:LINE_CHARACTERS] for line in reversed(lines) if line.strip()), "")


def size(log: Path) -> int:
    """Bytes of a log; 0 when there is none."""
    return log.stat().st_size if log.exists() else 0


@dataclass(frozen=True)
class Sign:
    """Of life: what a process has last said."""

    seconds: float
    """How long ago."""
    words: str
    """Its log's last line; a researcher's text may stand in it."""


def sign(log: Path) -> Sign | None:
    """None when it has said nothing yet."""
    try:
        said = log.stat().st_mtime
    except FileNotFoundError:
        return None
    return Sign(seconds=max(0.0, time.time() - said), words=last_line(log))
