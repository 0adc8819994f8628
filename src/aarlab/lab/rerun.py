"""Re-execution of a method on fresh draws: what verify does, and what anyone can repeat from a snapshot and seeds."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aarlab.canonical import digest_json
from aarlab.errors import ResearcherError
from aarlab.lab.snapshots import materialise
from aarlab.problem.contract import Draw, Problem, Score
from aarlab.sandbox.protocol import Limits, Runtime, Sandbox, SandboxBackend, Spec
from aarlab.settings import StudyConfig
from aarlab.wire import Status


@dataclass(frozen=True)
class Run:
    """One training and its grade."""

    status: Status
    """How it ended, in the fixed words."""
    outcome: Any = None
    """Opaque, for Problem.summarise; only when the status is "ok"."""
    cpu_seconds: float = 0.0
    """For the cost ledger."""


@dataclass(frozen=True)
class Verdict:
    """What all runs of a method come to."""

    status: Status
    """"ok", or the word of the first run, in the order of seeds, that was not."""
    score: Score | None
    """Only when every run was "ok"."""
    runs: tuple[Status, ...]
    """All of them, in the order of seeds."""


def training_seed(seed: int) -> int:
    """The seed that a method is given: it follows from that of the draw and tells nothing about it."""
    return int(digest_json(["training", seed])[:8], 16) >> 1


@dataclass(frozen=True)
class Bench:
    """Everything a run needs but the method and the seed."""

    problem: Problem
    """Draws, grades, sums up."""
    backend: SandboxBackend
    """Where methods run."""
    runtime: Runtime
    """Their Python."""
    config: StudyConfig
    """Time and limits."""
    folder: Path
    """Where the runs' short-lived folders go."""
    _active: set[Sandbox] = field(default_factory=set, init=False, repr=False, compare=False)

    def run(self, files: Mapping[str, str], seed: int, *, slot: int, uid: int | None = None) -> Run:
        """Trains `files` on the draw of `seed` in a fresh sandbox and grades the student. Slots run side by side.

        What the method prints is thrown away. Raises OperatorError when the host cannot run a sandbox.
        """
        place = self._place(slot, uid=uid)
        draw = self.problem.draw(seed)
        draw.publish(place / "data")
        materialise(files, place / "method")
        sandbox = self.backend.create(self._spec(place, slot, uid))
        self._active.add(sandbox)
        try:
            with sandbox:
                return self._train(sandbox, draw, training_seed(seed))
        finally:
            self._active.discard(sandbox)
            shutil.rmtree(place)

    def judge(self, runs: Sequence[Run]) -> Verdict:
        """One verdict on all runs of a method."""
        words = tuple(run.status for run in runs)
        failed = [word for word in words if word != "ok"]
        if failed:
            return Verdict(failed[0], None, words)
        return Verdict("ok", self.problem.summarise([run.outcome for run in runs]), words)

    def kill(self) -> None:
        """Ends what runs; its runs come to nothing."""
        for sandbox in list(self._active):
            sandbox.kill()

    def clear(self) -> None:
        """Removes what a lab that was killed has left."""
        if self.folder.exists():
            for place in self.folder.iterdir():
                self.backend.create(self._spec(place, int(place.name), None)).close()
            shutil.rmtree(self.folder)

    def _train(self, sandbox: Sandbox, draw: Draw, seed: int) -> Run:
        card = self.problem.card()
        words = {"{method}": "/method", "{data}": "/data", "{out}": "/work/out", "{seed}": str(seed)}
        done = sandbox.exec([words.get(word, word) for word in card.run], timeout=self.config.verify.seconds)
        if done.status != "ok":
            return Run(done.status, cpu_seconds=done.cpu_seconds)
        try:
            size = self.config.limits.student_mb * 2**20
            outcome = draw.grade(sandbox.get(f"out/{seed}/{card.student_file}", max_bytes=size))
        except ResearcherError:
            return Run("malformed", cpu_seconds=done.cpu_seconds)
        return Run("ok", outcome, done.cpu_seconds)

    def _place(self, slot: int, *, uid: int | None) -> Path:
        """Folders of one run, which only the sandbox's uid (and root) may enter."""
        place = self.folder / str(slot)
        if place.exists():
            shutil.rmtree(place)
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        place.mkdir(mode=0o700)
        for name in ("data", "method", "work"):
            (place / name).mkdir(mode=0o755)
        if uid is not None:
            for path in (place, place / "work"):
                os.chown(path, uid, uid)
        return place

    def _spec(self, place: Path, slot: int, uid: int | None) -> Spec:
        own = self.config.sandbox
        limits = Limits(memory_mb=own.memory_mb, pids=own.pids, cpus=own.cpus, disk_mb=own.disk_mb)
        return Spec(
            name=f"{self.folder.parent.name}-verify-{slot}",
            runtime=self.runtime,
            work=place / "work",
            data=place / "data",
            method=place / "method",
            uid=uid,
            limits=limits,
        )


def rerun(bench: Bench, files: Mapping[str, str], seeds: Sequence[int], *, uid: int | None = None) -> Verdict:
    """A verified row again, from its snapshot's files and its draws' seeds: the same score in every study."""
    return bench.judge([bench.run(files, seed, slot=0, uid=uid) for seed in seeds])
