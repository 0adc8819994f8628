"""Trying a method outside of any study: what it may be named by, and a bench for it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aarlab.lab.trials import Trials
    from aarlab.paths import StudyPaths
    from aarlab.problem.contract import Problem
    from aarlab.settings import StudyConfig


@dataclass(frozen=True)
class Asked:
    """A method that is to be tried."""

    name: str
    """For people."""
    files: Mapping[str, str]
    """Path -> text."""
    config: "StudyConfig"
    """Of the study, or the defaults."""
    row: str | None = None
    """The verified row that it comes from."""


def asked_for(method: str, study: Path | None) -> Asked:
    """A folder with method.py, the id of a verified row (of `study` or the latest), or the name of a method.

    Raises UserError, and ResearcherError on a method that cannot run here.
    """
    if (Path(method) / "method.py").is_file():
        return Asked(Path(method).resolve().name, _folder(Path(method)), _config(study))
    if method.startswith("v-"):
        return _row(method, study)
    return Asked(method, named_files(method), _config(study))


def named_files(name: str, *, settings: Mapping[str, Any] | None = None) -> dict[str, str]:
    """A method folder that calls a ready-made method, with `settings` as its config.json.

    Raises as `aarlab.w2s.methods.method`.
    """
    import json

    from aarlab.w2s.methods import method

    call = f'METHODS["{method(name).name}"](task, seed=seed'
    imports = "from aarlab.w2s import Student, Task\nfrom aarlab.w2s.methods import METHODS\n\n"
    train = "\ndef train(task: Task, *, seed: int) -> Student:\n    return "
    if settings is None:
        return {"method.py": f"{imports}{train}{call})\n"}
    read = 'SETTINGS = json.loads(Path(__file__).with_name("config.json").read_text(encoding="utf-8"))\n\n'
    code = (
        f'"""{name}, as it is in aarlab.w2s.methods, with the settings of config.json."""\n\n'
        f"import json\nfrom pathlib import Path\n\n{imports}{read}{train}{call}, **SETTINGS)\n"
    )
    return {"method.py": code, "config.json": json.dumps(dict(settings), indent=1) + "\n"}


@contextmanager
def trials(problem: "Problem", config: "StudyConfig", stop: threading.Event) -> Iterator["Trials"]:
    """Sandboxes for this problem in a short-lived folder of their own. Raises OperatorError when the host cannot."""
    import os
    import shutil
    from functools import partial

    from aarlab.lab.publish import prepare_runtime, runtime_for
    from aarlab.lab.rerun import Bench
    from aarlab.lab.trials import Trials
    from aarlab.paths import StudyPaths
    from aarlab.sandbox.select import select

    backend = select(config.sandbox.backend)
    runtime = runtime_for(problem, config, progress=lambda _: None)
    paths = StudyPaths(root=Path.cwd() / f"trials-{os.getpid()}")  # names the folder for sandboxes; is never made
    prepare_runtime(paths)
    bench = Bench(problem, backend, runtime, config, paths.runtime / "verify")
    try:
        yield Trials(bench, config.verify.parallel, partial(_uid, paths), stop)
    finally:
        shutil.rmtree(paths.runtime)


def _uid(paths: "StudyPaths", slot: int) -> int | None:
    from aarlab.lab.office import MOST

    return paths.uid(MOST + slot)


def _config(study: Path | None) -> "StudyConfig":
    from aarlab.cli.study import locate
    from aarlab.settings import StudyConfig
    from aarlab.studyfile import load_study

    return StudyConfig() if study is None else load_study(locate(study).config)


def _row(name: str, study: Path | None) -> Asked:
    from aarlab.cli.study import locate
    from aarlab.lab.replay import find_row, method_files
    from aarlab.lab.sqlite_store import read_events

    paths = locate(study)
    row = find_row(read_events(paths.database), name)
    return Asked(row.id, method_files(paths, row), row.config, row.id)


def _folder(folder: Path) -> dict[str, str]:
    from aarlab.cli.submit import read_method
    from aarlab.errors import ResearcherError, UserError
    from aarlab.lab.snapshots import check_files
    from aarlab.settings import LimitSettings

    files = read_method(folder)
    try:
        check_files(files, limits=LimitSettings())
    except ResearcherError as error:
        raise UserError(f"{folder}: {error}") from None
    return files
