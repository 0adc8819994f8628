"""An experiment's folder: a small record and, beside it, one usual study for each arm and repeat; and its runner.

What is finished is kept: whoever starts the runner again, after a stop or kill -9, goes on with what is not.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from aarlab.canonical import canonical_json, write_atomic
from aarlab.errors import UserError
from aarlab.experiment import Experiment
from aarlab.fleet.engine.local import LocalEngine
from aarlab.fleet.engine.protocol import Engine, Job
from aarlab.fleet.study import create_study, hold, stop_requested
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from aarlab.studyfile import load_study

RECORD = "experiment.json"
LOG = "run.log"
"""In each study's folder: what its session printed."""
POLL_SECONDS = 0.25
TELL_SECONDS = 15.0
STOP_SECONDS = 45.0
"""What a study has to end cleanly; then it is killed, which costs it nothing either."""


class RunRecord(BaseModel):
    """One study of an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Of its folder."""
    arm: str
    """Of whose it is."""
    repeat: int
    """1, 2, ..."""
    seed: int
    """study.seed: the same in all arms of a repeat."""


class Record(BaseModel):
    """experiment.json: what belongs together. Settings are in each study's own study.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Of the experiment."""
    arms: tuple[str, ...]
    """In the order of the file; the first is the one that others are compared to."""
    runs: tuple[RunRecord, ...]
    """All studies, in the order in which they are done."""
    parallel: int | None
    """experiment.parallel."""
    transfer: tuple[str, ...]
    """experiment.transfer."""


def create_experiment(experiment: Experiment, *, folder: Path) -> Record:
    """Makes the folder with its record and all studies' folders. Raises UserError when something else is in it."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder}: is not empty; choose another study.name")
    given = experiment.settings.seed
    runs = experiment.runs(seed=secrets.randbelow(2**40) if given is None else given)
    for run in runs:
        create_study(run.config, folder=folder / run.name)
    record = Record(
        name=experiment.name,
        arms=tuple(experiment.configs),
        runs=tuple(RunRecord(name=r.name, arm=r.arm, repeat=r.repeat, seed=r.config.study.seed or 0) for r in runs),
        parallel=experiment.settings.parallel,
        transfer=experiment.settings.transfer,
    )
    write_atomic(folder / RECORD, canonical_json(record.model_dump()) + b"\n")
    return record


def is_experiment(folder: Path) -> bool:
    """Whether there is one."""
    return (folder / RECORD).is_file()


def open_experiment(folder: Path) -> Record:
    """The record of an experiment. Raises UserError when there is none, or no whole one."""
    try:
        return Record.model_validate_json((folder / RECORD).read_bytes())
    except FileNotFoundError:
        raise UserError(f"{folder}: there is no experiment here; `aarlab run FILE` with arms starts one") from None
    except ValidationError:
        raise UserError(f"{folder / RECORD}: is not the record of an experiment; restore it from a backup") from None


def study_of(folder: Path, run: RunRecord) -> StudyPaths:
    """The study of a run."""
    return StudyPaths(root=(folder / run.name).absolute())


def state_of(paths: StudyPaths) -> State | None:
    """As its ledger has it; None before it has begun."""
    return State.of(read_events(paths.database)) if paths.database.is_file() else None


def is_finished(paths: StudyPaths) -> bool:
    """Whether nothing is left to be done in a study."""
    state = state_of(paths)
    return state is not None and state.finished and not state.clock.open


def at_once(configs: Sequence[StudyConfig], *, given: int | None) -> int:
    """Studies at the same time: as many as the host has cores for, each with its fleet or its verifications at work."""
    if given is not None:
        return given
    needs = max(max(c.study.researchers * c.sandbox.cpus, c.verify.parallel) for c in configs)
    return max(1, int(len(os.sched_getaffinity(0)) // needs))


@dataclass
class _Active:
    """A study that is being worked on."""

    run: RunRecord
    job: Job
    since: float = field(default_factory=time.monotonic)


class Runner:
    """Does all studies of an experiment, from the thread that calls `run`."""

    def __init__(
        self,
        folder: Path,
        *,
        command: Callable[[Path], Sequence[str]],
        tell: Callable[[str], None],
        engine: Engine | None = None,
    ) -> None:
        """`command` is what does one study, given its folder. `tell` takes lines for who watches."""
        self._folder, self._record = folder.absolute(), open_experiment(folder)
        self._command, self._tell = command, tell
        self._engine = engine or LocalEngine()
        self._paths = StudyPaths(root=self._folder)
        self._active: list[_Active] = []
        self._failed: list[str] = []

    def run(self, *, stop: threading.Event) -> Literal["finished", "stopped", "failed"]:
        """Until all is done, or `stop` is set or asked for. Raises UserError where another process is at work on it.

        "failed": all others are done, and those that failed have said why in their logs.
        """
        runs = self._record.runs
        with hold(self._paths):
            left = [run for run in runs if not is_finished(study_of(self._folder, run))]
            if len(left) < len(runs):
                self._tell(f"{len(runs) - len(left)} of {len(runs)} studies are finished already")
            most = at_once(
                [load_study(study_of(self._folder, run).config) for run in runs], given=self._record.parallel
            )
            try:
                return self._work(left, most=most, stop=stop)
            finally:
                self._end()

    def _work(
        self, left: list[RunRecord], *, most: int, stop: threading.Event
    ) -> Literal["finished", "stopped", "failed"]:
        told = time.monotonic()
        while left or self._active:
            if stop.is_set() or stop_requested(self._paths) is not None:
                return "stopped"
            while left and len(self._active) < most:
                self._start(left.pop(0), left=len(left))
            self._reap()
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                self._tell(", ".join(f"{one.run.name}: {told - one.since:.0f} s" for one in self._active) or "waiting")
            stop.wait(POLL_SECONDS)
        return "failed" if self._failed else "finished"

    def _start(self, run: RunRecord, *, left: int) -> None:
        paths = study_of(self._folder, run)
        self._tell(f"{run.name} begins; {left} after it")
        self._active.append(_Active(run, self._engine.start(self._command(paths.root), log=paths.root / LOG)))

    def _reap(self) -> None:
        for one in [one for one in self._active if one.job.poll() is not None]:
            self._active.remove(one)
            paths, took = study_of(self._folder, one.run), time.monotonic() - one.since
            if one.job.poll() == 0 and is_finished(paths):
                self._tell(f"{one.run.name} is finished after {took:.0f} s")
            else:
                self._failed.append(one.run.name)
                self._tell(f"{one.run.name} did not finish (status {one.job.poll()}); see {paths.root / LOG}")

    def _end(self) -> None:
        """Asks what is at work to end, waits, and kills what does not."""
        for one in self._active:
            one.job.terminate()
        until = time.monotonic() + STOP_SECONDS
        for one in self._active:
            if one.job.wait(timeout=max(0.0, until - time.monotonic())) is None:
                one.job.kill()
