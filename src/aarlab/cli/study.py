"""Which study a command is about, and its state read straight from the ledger (also while a server writes it)."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aarlab.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aarlab.lab.state import State
    from aarlab.lab.store import Event
    from aarlab.paths import StudyPaths


def studies_folder() -> Path:
    """$AARLAB_STUDIES, or ./studies."""
    return Path(os.environ.get("AARLAB_STUDIES") or "studies")


def experiment_folder(folder: Path | None) -> Path | None:
    """The experiment in `folder` (or of that name), by default the latest if nothing is later; None = it is a study."""
    from aarlab.fleet.experiment import RECORD, is_experiment

    if folder is not None:
        return next((one for one in (folder, studies_folder() / folder) if is_experiment(one)), None)
    found = [*studies_folder().glob("*/study.toml"), *studies_folder().glob(f"*/{RECORD}")]
    latest = max(found, key=lambda path: path.stat().st_mtime, default=None)
    return latest.parent if latest is not None and latest.name == RECORD else None


def locate(folder: Path | None) -> "StudyPaths":
    """The study in `folder` (or of that name in the studies folder), by default the latest. Raises UserError."""
    from aarlab.paths import StudyPaths

    if folder is None:
        return StudyPaths(root=_latest())
    named = studies_folder() / folder
    for candidate in (folder, named):
        if (candidate / "study.toml").is_file():
            return StudyPaths(root=candidate.absolute())
    if (experiment := experiment_folder(folder)) is not None:
        runs = sorted(path.parent.name for path in experiment.glob("*/study.toml"))
        raise UserError(f"{folder}: is an experiment; name one of its studies, such as --study {folder}/{runs[0]}")
    raise UserError(f"{folder}: there is no study here, nor one of that name in {studies_folder()}")


def _latest() -> Path:
    folder = studies_folder()
    found = sorted(folder.glob("*/study.toml"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise UserError(f"{folder}: there is no study yet; `aarlab run` starts one (or name one with --study)")
    return found[-1].parent.absolute()


def free_folder(name: str, *, base: Path | None = None) -> Path:
    """A folder for a new study in `base`: its name, with a number behind it when that is taken."""
    base = base or studies_folder()
    number = 1
    folder = base / name
    while folder.exists():
        number += 1
        folder = base / f"{name}-{number}"
    return folder


def read_state(paths: "StudyPaths") -> "State":
    """The state after everything in the ledger. Raises UserError when nothing has begun."""
    from aarlab.lab.state import State

    return State.of(events_of(paths))


def events_of(paths: "StudyPaths") -> "Iterable[Event]":
    """Everything in the ledger. Raises UserError when nothing has begun."""
    from aarlab.lab.sqlite_store import read_events

    if not paths.database.is_file():
        raise UserError(f"{paths.root}: the study has not begun; `aarlab resume` begins it")
    return read_events(paths.database)
