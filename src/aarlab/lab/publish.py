"""The folders outside the study: the runtime folder, and the public inputs in it."""

import os
import shutil
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from aarlab.canonical import canonical_json, digest_json, write_atomic
from aarlab.errors import OperatorError
from aarlab.paths import StudyPaths
from aarlab.problem.contract import Problem
from aarlab.problem.equipment import equipment_of
from aarlab.problem.tripwire import FOLDER
from aarlab.sandbox.protocol import Runtime
from aarlab.sandbox.runtime import build_runtime
from aarlab.settings import StudyConfig


def prepare_runtime(paths: StudyPaths) -> None:
    """Makes the runtime folder, through which other uids may walk but which they cannot list.

    Raises OperatorError when somebody else owns it.
    """
    for folder in (paths.runtime.parent, paths.runtime):
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise OperatorError(f"{folder} belongs to somebody else; remove it")
        folder.chmod(0o711)


def clear_runtime(paths: StudyPaths) -> None:
    """Removes what a session that is over has left in the runtime folder, which lies in memory on most hosts.

    What stays: a workspace without a disk image of its own (not root), because the next session goes on with it, and
    whatever is still mounted, because the next start unmounts it properly.
    """
    if not paths.runtime.is_dir():
        return
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for entry in paths.runtime.iterdir():
        if any(Path(point).is_relative_to(entry) for point in mounted):
            continue
        if entry.is_dir():
            remove_data(entry / "data")
        work = entry / "work"
        if work.is_dir() and any(work.iterdir()):
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    with suppress(OSError):
        paths.runtime.rmdir()


def remove_data(folder: Path) -> None:
    """Removes a researcher's data folder (lab.grounds), also as a user who may not list all of it."""
    with suppress(FileNotFoundError):
        (folder / FOLDER).chmod(0o700)
    if folder.exists():
        shutil.rmtree(folder)


def runtime_for(problem: Problem, config: StudyConfig, *, progress: Callable[[str], None]) -> Runtime:
    """The Python of a problem's sandboxes, with what it needs besides.

    Raises UserError when the study's limits are too small for that, OperatorError when it cannot be built.
    """
    equipment = equipment_of(problem)
    equipment.check(config)
    needs, folders = equipment.packages, equipment.folders
    return build_runtime(problem.kit(), packages=needs, folders=folders, progress=progress)


def publish_runtime(runtime: Runtime, paths: StudyPaths) -> None:
    """Names the Python for sandboxes, so that researchers' sandboxes get the one in which methods are re-executed."""
    folders = {inside: str(folder) for inside, folder in runtime.folders.items()}
    named = {"root": str(runtime.root), "digest": runtime.digest, "folders": folders, "threaded": runtime.threaded}
    write_atomic(paths.runtime / "runtime.json", canonical_json(named))


def publish_data(problem: Problem, paths: StudyPaths, *, key: bytes) -> None:
    """Writes the public inputs once: sandboxes that outlive a restart of the server keep their folder."""
    folder, marker = paths.data(), paths.runtime / "data.id"
    name = digest_json([problem.digest, key.hex()])
    if folder.is_dir() and marker.is_file() and marker.read_text() == name:
        return
    fresh = paths.runtime / "data.new"
    for old in (fresh, folder):
        if old.exists():
            shutil.rmtree(old)
    marker.unlink(missing_ok=True)
    fresh.mkdir(mode=0o755)
    problem.publish(fresh, key=key)
    _make_readable(fresh)
    fresh.rename(folder)
    write_atomic(marker, name.encode(), mode=0o600)


def publish_library(paths: StudyPaths, write: Callable[[], Mapping[str, str]]) -> None:
    """Writes the library once a study (`write` gives text by file name), and to where sandboxes can reach it.

    What was written first stays in the study's folder: it is what its researchers have been given.
    """
    if not paths.shelf.is_dir():
        fresh = _emptied(paths.root / "library.new")
        for name, text in write().items():
            file = fresh / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        fresh.rename(paths.shelf)
    if not paths.library().is_dir():
        fresh = _emptied(paths.runtime / "library.new")
        shutil.copytree(paths.shelf, fresh, dirs_exist_ok=True)
        _make_readable(fresh)
        fresh.rename(paths.library())


def _emptied(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o755)
    return folder


def _make_readable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o444)
