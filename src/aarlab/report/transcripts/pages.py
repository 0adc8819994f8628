"""A long transcript a page at a time, also while it grows: read once, and then from the beginning of a page."""

import copy
import threading
from dataclasses import dataclass
from pathlib import Path

from aarlab.report.transcripts.entries import Entry
from aarlab.report.transcripts.reader import Reader

LINES = 100
"""Of the file, to a page. One line may hold several entries."""


@dataclass(frozen=True)
class Page:
    """Some entries in the order of the file."""

    number: int
    """From 1."""
    pages: int
    """How many there are by now; 0 for an empty file."""
    entries: tuple[Entry, ...]
    """What stands on this page."""
    size: int
    """Bytes of whole lines that were read of the file: it has grown when it has more."""


@dataclass(frozen=True)
class _Mark:
    """Where a page begins."""

    offset: int
    """In bytes."""
    reader: Reader
    """As it is after all that stands before; copied before it reads on."""


@dataclass(frozen=True)
class _Stretch:
    """What was read from a mark."""

    entries: tuple[Entry, ...]
    """Of at most one page."""
    full: bool
    """Whether there were lines for a whole page."""
    end: _Mark
    """Behind the last whole line."""


class Pages:
    """The pages of one file. A line without its end is being written and does not count yet. For several threads."""

    def __init__(self, path: Path, *, lines: int = LINES) -> None:
        """Nothing is read yet; the file may come later."""
        self._path, self._lines = path, lines
        self._marks: list[_Mark] = [_Mark(0, Reader())]
        self._lock = threading.Lock()

    def page(self, number: int | None = None) -> Page:
        """A page, by default the last; the last one too where there are not so many. Raises OSError."""
        with self._lock:
            last = self._walk()
            begun = bool(last.end.offset - self._marks[-1].offset)
            pages = len(self._marks) - (0 if begun else 1)
            chosen = min(max(1, number or pages), max(1, pages))
            found = last if chosen == len(self._marks) else self._read(self._marks[chosen - 1])
            return Page(chosen, pages, found.entries, last.end.offset)

    def _walk(self) -> _Stretch:
        """Marks the pages that have come since; what is there of the one that has not ended."""
        while (found := self._read(self._marks[-1])).full:
            self._marks.append(found.end)
        return found

    def _read(self, mark: _Mark) -> _Stretch:
        reader, entries, end = copy.deepcopy(mark.reader), list[Entry](), mark.offset
        if not self._path.is_file():
            return _Stretch((), False, mark)
        with self._path.open("rb") as stream:
            stream.seek(mark.offset)
            for _ in range(self._lines):
                line = stream.readline()
                if not line.endswith(b"\n"):
                    return _Stretch(tuple(entries), False, _Mark(end, reader))
                entries += reader.feed(line)
                end += len(line)
        return _Stretch(tuple(entries), True, _Mark(end, reader))
