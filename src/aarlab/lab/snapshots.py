"""Frozen methods: content-addressed folders of text in a bare git repository, one ref for each."""

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from aarlab.canonical import digest, digest_json
from aarlab.errors import OperatorError, ResearcherError
from aarlab.lab.git import Git
from aarlab.settings import LimitSettings

ENTRY = "method.py"
"""Every method has this file."""
_COMPONENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
_DEPTH = 8
_ID = re.compile(r"[0-9a-f]{40}")


def content_hash(files: Mapping[str, str]) -> str:
    """SHA-256 that names the files and nothing else: what the seeds of a verification are derived from."""
    return digest_json({path: digest(text.encode()) for path, text in files.items()})


def check_files(files: Mapping[str, str], *, limits: LimitSettings) -> None:
    """Raises ResearcherError unless `files` are a method: plain paths, UTF-8 text, within the limits."""
    if ENTRY not in files:
        raise ResearcherError(f"a method needs a file {ENTRY}", code="malformed")
    if len(files) > limits.snapshot_files:
        raise ResearcherError(
            f"a method has at most {limits.snapshot_files} files, this one has {len(files)}", code="large"
        )
    for path in files:
        _check_path(path)
        if any(str(parent) in files for parent in Path(path).parents):
            raise ResearcherError(f"{path!r} lies below something that is a file", code="malformed")
    size = sum(_size(path, text) for path, text in files.items())
    if size > limits.snapshot_kb * 1024:
        raise ResearcherError(
            f"a method has at most {limits.snapshot_kb} kB, this one has {size // 1024 + 1}", code="large"
        )


def materialise(files: Mapping[str, str], folder: Path) -> None:
    """Writes a method into an empty folder, readable by everybody who can reach it."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)


class Snapshots:
    """The repository of methods. Ids are commit hashes, a pure function of files, parents, message and author."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates the repository."""
        self._folder = folder
        self._git = Git(folder)
        self._writing = threading.Lock()
        # detectors compare a method with all before it: two calls of git (6 ms) for each that is not kept
        self._read = lru_cache(maxsize=2048)(self._read_files)

    def store(self, files: Mapping[str, str], *, author: str, message: str, parents: Sequence[str]) -> str:
        """Stores checked files durably and returns the id. `parents` are ids of this repository."""
        with self._writing:
            out = self._git(
                "fast-import", "--quiet", "--force", "--done", data=_import_stream(files, author, message, parents)
            )
            name = out.decode().strip()
            self._git(
                "update-ref", "--stdin", data=f"update refs/snapshots/{name} {name}\ndelete {_INCOMING}\n".encode()
            )
        return name

    def files(self, name: str) -> dict[str, str]:
        """The files of a snapshot. Raises OperatorError when there is none, because the ledger says that there is."""
        return dict(self._read(name))

    def every(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """The files of many snapshots with a few calls of git. Raises OperatorError as `files` does."""
        found: dict[str, dict[str, str]] = {name: {} for name in names}
        trees, blobs = [(name, "", name + "^{tree}") for name in names], []
        while trees:
            bodies = self._objects([object_ for _, _, object_ in trees])
            entries = [
                (name, before + path, kind, object_)
                for (name, before, _), body in zip(trees, bodies, strict=True)
                for path, kind, object_ in _entries(body)
            ]
            trees = [(name, f"{path}/", object_) for name, path, kind, object_ in entries if kind == _TREE]
            blobs += [(name, path, object_) for name, path, kind, object_ in entries if kind != _TREE]
        for (name, path, _), body in zip(blobs, self._objects([one for _, _, one in blobs]), strict=True):
            found[name][path] = body.decode()
        return found

    def _objects(self, names: Sequence[str]) -> list[bytes]:
        """Contents of objects, in the order in which they are asked for."""
        out = self._git("cat-file", "--batch", data="".join(f"{name}\n" for name in names).encode())
        bodies, start = [], 0
        for name in names:
            end = out.index(b"\n", start)
            head = out[start:end].split()
            if len(head) != 3:
                raise OperatorError(f"{name} is not in {self._folder}; restore it from a backup")
            start = end + 1 + int(head[2]) + 1
            bodies.append(out[end + 1 : start - 1])
        return bodies

    def diff(self, old: str, new: str) -> str:
        """Unified diff from one snapshot to another; text of researchers. Raises OperatorError as `files` does."""
        for name in (old, new):
            self._require(name)
        out = self._git("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", old, new, "--")
        return out.decode(errors="replace")

    def _require(self, name: str) -> None:
        if not _ID.fullmatch(name) or not self._git("for-each-ref", f"refs/snapshots/{name}"):
            raise OperatorError(f"the snapshot {name} is not in {self._folder}; restore it from a backup")

    def _read_files(self, name: str) -> Mapping[str, str]:
        self._require(name)
        paths = self._git("ls-tree", "-r", "-z", "--name-only", name).decode().split("\0")[:-1]
        bodies = self._objects([f"{name}:{path}" for path in paths])
        return {path: body.decode() for path, body in zip(paths, bodies, strict=True)}


_TREE = "40000"


def _entries(tree: bytes) -> Iterator[tuple[str, str, str]]:
    """(name, mode, id) of what is in a tree object of git."""
    while tree:
        head, _, rest = tree.partition(b"\0")
        mode, _, name = head.decode().partition(" ")
        yield name, mode, rest[:20].hex()
        tree = rest[20:]


_INCOMING = "refs/incoming"


def _import_stream(files: Mapping[str, str], author: str, message: str, parents: Sequence[str]) -> bytes:
    """Input of `git fast-import` for one commit at the beginning of time, which prints the commit's id."""
    who = f"{author} <{author}@aarlab> 0 +0000".encode()
    parts = [
        b"feature done\ncommit " + _INCOMING.encode() + b"\nmark :1\nauthor " + who + b"\ncommitter " + who + b"\n"
    ]
    parts.append(_data(message))
    for index, parent in enumerate(parents):
        parts.append(f"{'merge' if index else 'from'} {parent}\n".encode())
    parts.append(b"deleteall\n")
    for path in sorted(files):
        parts.append(f"M 100644 inline {path}\n".encode() + _data(files[path]))
    parts.append(b"\nget-mark :1\ndone\n")
    return b"".join(parts)


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%s\n" % (len(raw), raw)


def _check_path(path: str) -> None:
    parts = path.split("/")
    if len(parts) > _DEPTH or not all(_COMPONENT.fullmatch(part) for part in parts):
        raise ResearcherError(
            f"the path {path[:100]!r} is not accepted: at most {_DEPTH} parts of letters, digits, '_', '-' and '.', "
            "none of which begins with '.'",
            code="malformed",
        )


def _size(path: str, text: str) -> int:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ResearcherError(f"{path} is not UTF-8 text", code="malformed") from None
    if "\0" in text:
        raise ResearcherError(f"{path} is not text: it holds a null character", code="malformed")
    return size
