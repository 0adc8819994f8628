"""Content-addressed files in a folder: durable, atomic, and checked when they are read."""

import os
import re
import threading
from pathlib import Path

from aarlab.canonical import digest, write_atomic
from aarlab.errors import OperatorError

_NAME = re.compile(r"[0-9a-f]{64}")


class FolderBlobs:
    """Files named by their SHA-256, in 256 subfolders. Implements aarlab.lab.store.Blobs."""

    def __init__(self, folder: Path) -> None:
        """`folder` is created when missing, readable by its owner only."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._writing = threading.Lock()

    def put(self, data: bytes) -> str:
        """As in Blobs."""
        name = digest(data)
        path = self._path(name)
        with self._writing:
            if not path.exists():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                write_atomic(path, data, mode=0o600)
                _sync_folder(path.parent)
        return name

    def get(self, name: str) -> bytes:
        """As in Blobs. Raises OperatorError when the file no longer is what its name says."""
        if name not in self:
            raise KeyError(name)
        data = self._path(name).read_bytes()
        if digest(data) != name:
            raise OperatorError(f"the file {self._path(name)} was changed after it was stored")
        return data

    def __contains__(self, name: str) -> bool:
        return bool(_NAME.fullmatch(name)) and self._path(name).is_file()

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
