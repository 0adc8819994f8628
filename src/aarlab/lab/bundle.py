"""What an auditor receives of a study: one archive, the same to the byte for the same study."""

import gzip
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from aarlab.errors import UserError
from aarlab.lab.sqlite_store import export_ledger
from aarlab.paths import StudyPaths


def pack(paths: StudyPaths, target: Path, *, blobs: bool = False) -> list[str]:
    """Writes `target`, a tar.gz of regular files below one folder, and returns their names. Never of the vault.

    Raises UserError when `target` exists or cannot be written, OperatorError when there is no ledger.
    """
    own = paths.heads.read_bytes() if paths.heads.is_file() else b""  # before the ledger, which may grow meanwhile
    with TemporaryDirectory(prefix="aarlab-") as folder:
        ledger = Path(folder) / paths.database.name
        export_ledger(paths.database, ledger)
        files = {paths.heads.name: own, paths.database.name: ledger.read_bytes()}
    files |= {name: path.read_bytes() for name, path in _others(paths, blobs=blobs)}
    try:
        with target.open("xb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            _write(packed, files, folder=paths.root.name)
    except OSError as error:
        raise UserError(f"{target}: cannot be written: {error.strerror}") from None
    return sorted(files)


def _others(paths: StudyPaths, *, blobs: bool) -> Iterator[tuple[str, Path]]:
    for path in (paths.config, paths.public_key, paths.report):
        if path.is_file():
            yield path.name, path
    for folder in (paths.heads_repository, paths.snapshots, *([paths.blobs] if blobs else [])):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.suffix != ".lock":
                yield path.relative_to(paths.root).as_posix(), path


def _write(packed: gzip.GzipFile, files: dict[str, bytes], *, folder: str) -> None:
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, BytesIO(data))
