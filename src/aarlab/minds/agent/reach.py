"""Programs where a sandbox's user can walk: what lies in root's home is copied once to where runtimes are kept."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aarlab.canonical import digest_json
from aarlab.errors import OperatorError
from aarlab.sandbox.runtime import cache_folder


def reachable(place: Path) -> Path:
    """`place`, or a copy of it where another user than root may read it. Raises OperatorError."""
    real = place.resolve()
    if os.geteuid() != 0 or all(one.stat().st_mode & 0o001 for one in real.parents):
        return real
    state = [(str(path), path.lstat().st_mtime_ns, path.lstat().st_size) for path in sorted(_all(real))]
    copy = cache_folder().parent / "agents" / digest_json(state)[:24]
    if not copy.exists():
        _copy(real, copy)
    return copy


def _all(place: Path) -> Iterator[Path]:
    yield place
    if place.is_dir():
        yield from place.rglob("*")


def _copy(place: Path, copy: Path) -> None:
    """Whole or not at all; of two at the same time the first wins."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".copying-", dir=copy.parent) as folder:
            fresh = Path(folder) / "copy"
            if place.is_dir():
                shutil.copytree(place, fresh, symlinks=True)
            else:
                shutil.copy2(place, fresh)
            for path in _all(fresh):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            with suppress(FileExistsError, NotADirectoryError):
                fresh.rename(copy)
    except OSError as error:
        raise OperatorError(f"{place} cannot be copied to {copy.parent} for the sandboxes: {error.strerror}") from None
