"""Heads as git commits, one a head, in a repository of their own: made to be pushed to another host."""

from collections.abc import Sequence
from pathlib import Path

from aarlab.lab.git import Git
from aarlab.lab.heads import Head, parse_head

REF = "refs/heads/ledger"
_FILE = "head.json"
_WHO = "aarlab <lab@aarlab>"


class HeadRepository:
    """Writes commits. One process at a time: the one that holds the ledger's lock."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates the bare repository. Raises OperatorError."""
        self._git = Git(folder)
        folder.chmod(0o755)  # nothing in it is secret, and an auditor may be another user
        self._git("symbolic-ref", "HEAD", REF)
        (folder / f"{REF}.lock").unlink(missing_ok=True)  # of a git that was killed
        self._begun = bool(self._git("for-each-ref", REF))

    def publish(self, head: Head) -> None:
        """One commit on the branch `ledger`, at the head's time. Raises OperatorError."""
        when = f"{_WHO} {max(0, int(head.time))} +0000\n".encode()
        parts = [b"feature done\ncommit ", REF.encode(), b"\nauthor ", when, b"committer ", when]
        parts.append(_data(f"entry {head.seq} is {head.hash}\n".encode()))
        if self._begun:
            parts.append(f"from {REF}^0\n".encode())
        parts += [f"M 100644 inline {_FILE}\n".encode(), _data(head.line + b"\n"), b"\ndone\n"]
        self._git("fast-import", "--quiet", "--done", data=b"".join(parts))
        self._begun = True


def read_commits(folder: Path) -> Sequence[tuple[str, Head | None]]:
    """Commit and head of everything on the branch, oldest first; None for a commit that holds none.

    Empty when there is no repository. Raises OperatorError when git cannot read it.
    """
    if not (folder / "HEAD").is_file():
        return ()
    git = Git(folder)
    if not git("for-each-ref", REF):
        return ()
    commits = git("rev-list", "--reverse", REF).decode().split()
    out = git("cat-file", "--batch", data="".join(f"{commit}:{_FILE}\n" for commit in commits).encode())
    return [(commit, parse_head(text)) for commit, text in zip(commits, _contents(out, len(commits)), strict=True)]


def _contents(out: bytes, count: int) -> list[bytes]:
    """The objects in an answer of `git cat-file --batch`; nothing for one that is missing."""
    found, start = [], 0
    for _ in range(count):
        end = out.index(b"\n", start)
        words = out[start:end].split()
        size = int(words[2]) if len(words) == 3 and words[1] == b"blob" else -1
        found.append(out[end + 1 : end + 1 + size] if size >= 0 else b"")
        start = end + 1 + size + 1
    return found


def _data(raw: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(raw), raw)
