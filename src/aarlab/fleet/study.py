"""A study's folder: made, opened, and held by one orchestrator at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from aarlab.canonical import canonical_json, write_atomic
from aarlab.errors import UserError
from aarlab.fleet.processes import Identity, identify
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from aarlab.studyfile import dump_study, load_study

LOCK = "orchestrator.lock"
HOLDER = "orchestrator.json"
STOP = "stop"
STOPPED = "asked by `aarlab stop`"
"""Why, where nobody says why."""


def create_study(config: StudyConfig, *, folder: Path) -> StudyPaths:
    """Makes a study's folder with its resolved settings. Raises UserError when another study, or anything, is in it."""
    paths = StudyPaths(root=folder.absolute())
    text = dump_study(config)
    if paths.config.exists() and load_study(paths.config) != config:
        raise UserError(f"{folder}: holds another study; `aarlab resume` goes on with it, or choose another study.name")
    if not paths.config.exists() and folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder}: is not empty and holds no study; choose another study.name or folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(paths.config, text.encode())
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from None
    return paths


def open_study(folder: Path) -> tuple[StudyPaths, StudyConfig]:
    """An existing study and its settings. Raises UserError when there is none."""
    paths = StudyPaths(root=folder.absolute())
    if not paths.config.is_file():
        raise UserError(f"{folder}: there is no study here; `aarlab run` starts one")
    return paths, load_study(paths.config)


@contextmanager
def hold(paths: StudyPaths) -> Iterator[None]:
    """Makes this process the study's one orchestrator. Raises UserError when there is one.

    The kernel drops the lock when its holder ends, however it ends; the file beside it only says who holds it.
    """
    with (paths.root / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{paths.root}: {_who(paths)}; `aarlab stop` stops it") from None
        clear_stop(paths)
        write_atomic(paths.root / HOLDER, canonical_json(asdict(_myself())))
        try:
            yield
        finally:
            (paths.root / HOLDER).unlink(missing_ok=True)


def running(paths: StudyPaths) -> Identity | None:
    """The orchestrator at work on this study; None when there is none, also when one was killed and left its file."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        holder = Identity(**json.loads((paths.root / HOLDER).read_bytes()))
        return holder if holder.alive else None
    return None


def request_stop(paths: StudyPaths, *, reason: str = STOPPED) -> bool:
    """Asks the orchestrator to stop; it looks several times a second. False when none is at work."""
    if running(paths) is None:
        return False
    write_atomic(paths.root / STOP, reason.encode())
    return True


def stop_requested(paths: StudyPaths) -> str | None:
    """Why somebody asked this study to stop; None while nobody did."""
    with suppress(FileNotFoundError):
        return (paths.root / STOP).read_text()
    return None


def clear_stop(paths: StudyPaths) -> None:
    """Forgets an earlier request."""
    (paths.root / STOP).unlink(missing_ok=True)


def _myself() -> Identity:
    me = identify(os.getpid())
    assert me is not None, "this process is alive"
    return me


def _who(paths: StudyPaths) -> str:
    holder = running(paths)
    return f"is being worked on by process {holder.pid}" if holder else "is being worked on by another process"
