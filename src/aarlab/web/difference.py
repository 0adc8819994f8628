"""A unified diff as lines that a page can mark: colour alone tells nobody who does not see it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MOST = 1000
"""Lines of one file of a difference that a page shows."""
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_FILE = re.compile(r"^diff --git a/\S+ b/(\S+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """One line; the text is a researcher's."""

    kind: Literal["added", "removed", "same", "gap"]
    """"gap" stands for lines that are the same and left out."""
    old: int | None
    """Its number in the old file, where it is there."""
    new: int | None
    """Its number in the new file, where it is there."""
    text: str
    """Without the sign in front."""


@dataclass(frozen=True)
class Changed:
    """One file."""

    path: str
    """A method's path: no blanks (lab.snapshots)."""
    word: Literal["added", "removed", "changed"]
    """What happened to it."""
    lines: tuple[Line, ...]
    """What is to be seen of it."""
    added: int
    """Number of lines."""
    removed: int
    """Number of lines."""


def differences(diff: str) -> list[Changed]:
    """The files of a diff as `git diff` prints it, without renames and colour."""
    _, *parts = _FILE.split(diff)
    return [_changed(path, text.split("\n")) for path, text in zip(parts[::2], parts[1::2], strict=True)]


def _changed(path: str, lines: list[str]) -> Changed:
    begin = next((number for number, line in enumerate(lines) if line.startswith("@@ ")), len(lines))
    head, body = lines[:begin], tuple(_body(lines[begin:]))
    gone, new = (any(line.startswith(word) for line in head) for word in ("deleted file", "new file"))
    return Changed(
        path=path,
        word="removed" if gone else "added" if new else "changed",
        lines=body,
        added=sum(line.kind == "added" for line in body),
        removed=sum(line.kind == "removed" for line in body),
    )


def _body(lines: list[str]) -> Iterator[Line]:
    old = new = 0
    for place, line in enumerate(lines):
        if (hunk := _HUNK.match(line)) is not None:
            old, new = int(hunk[1]), int(hunk[2])
            if place or old > 1:
                yield Line("gap", None, None, "")
        elif line.startswith("+"):
            yield Line("added", None, new, line[1:])
            new += 1
        elif line.startswith("-"):
            yield Line("removed", old, None, line[1:])
            old += 1
        elif line.startswith(" "):
            yield Line("same", old, new, line[1:])
            old, new = old + 1, new + 1
