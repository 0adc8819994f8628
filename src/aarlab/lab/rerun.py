"""Re-execution of a method on fresh draws: what verify does, and what anyone can repeat from a snapshot and seeds."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aarlab.canonical import digest_json
from aarlab.errors import ResearcherError
from aarlab.lab.snapshots import materialise
from aarlab.problem.contract import CONTROLS, Part, Problem, Score, Variant
from aarlab.sandbox.limits import limits_of
from aarlab.sandbox.protocol import Runtime, Sandbox, SandboxBackend, Spec
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
class Made:
    """One training and the student that came out of it."""

    status: Status
    """How it ended, in the fixed words."""
    data: bytes | None = None
    """The student's file; only when the status is "ok"."""
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
    """The real ones, in the order of seeds."""
    controls: Mapping[Variant, tuple[Status, ...]] = field(default_factory=dict)
    """Those of each control. None of them decides the status."""


@dataclass(frozen=True)
class Step:
    """One training of a verification."""

    seed: int
    """Of its draw."""
    variant: Variant = "real"
    """Which teacher it has."""
    part: Part = "verify"
    """Which items grade it."""


def plan(seeds: Sequence[int], *, controls: int) -> tuple[Step, ...]:
    """Real runs in the order of seeds, then each control on the first `controls` of the same draws."""
    real = [Step(seed) for seed in seeds]
    return (*real, *(Step(seed, variant) for variant in CONTROLS for seed in seeds[:controls]))


def training_seed(seed: int) -> int:
    """The seed that a method is given: it follows from that of the draw and tells nothing about it."""
    return int(digest_json(["training", seed])[:8], 16) >> 1


@dataclass(frozen=True)
class Bench:
    """Everything a run needs but the method and the draw."""

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

    def run(self, files: Mapping[str, str], step: Step, *, slot: int, uid: int | None = None) -> Run:
        """Trains `files` on the draw of `step` in a fresh sandbox and grades the student. Slots run side by side.

        What the method prints is thrown away. Raises OperatorError when the host cannot run a sandbox.
        """
        draw = self.problem.draw(step.seed, variant=step.variant, part=step.part)
        made = self.student(files, draw.publish, seed=training_seed(step.seed), slot=slot, uid=uid)
        if made.data is None:
            return Run(made.status, cpu_seconds=made.cpu_seconds)
        try:
            outcome = draw.grade(made.data)
        except ResearcherError:
            return Run("malformed", cpu_seconds=made.cpu_seconds)
        return Run("ok", outcome, made.cpu_seconds)

    def student(
        self,
        files: Mapping[str, str],
        publish: Callable[[Path], None],
        *,
        seed: int,
        slot: int,
        uid: int | None = None,
    ) -> Made:
        """Trains `files` in a fresh sandbox on what `publish` writes, and takes the student out of it."""
        place = self._place(slot, uid=uid)
        publish(place / "data")
        materialise(files, place / "method")
        sandbox = self.backend.create(self._spec(place, slot, uid))
        self._active.add(sandbox)
        try:
            with sandbox:
                return self._train(sandbox, seed)
        finally:
            self._active.discard(sandbox)
            shutil.rmtree(place)

    def judge(self, steps: Sequence[Step], runs: Sequence[Run]) -> Verdict:
        """One verdict on all runs of a method: the real ones decide, those of the controls add facts."""
        real, *others = (_of(variant, steps, runs) for variant in ("real", *CONTROLS))
        controls = {variant: found for variant, found in zip(CONTROLS, others, strict=True) if found}
        words, told = _words(real), {variant: _words(found) for variant, found in controls.items()}
        failed = [word for word in words if word != "ok"]
        if failed:
            return Verdict(failed[0], None, words, told)
        outcomes = {variant: [run.outcome for run in found] for variant, found in controls.items()}
        score = self.problem.summarise([run.outcome for run in real], controls=outcomes)
        return Verdict("ok", score, words, told)

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

    def _train(self, sandbox: Sandbox, seed: int) -> Made:
        card = self.problem.card()
        words = {"{method}": "/method", "{data}": "/data", "{out}": "/work/out", "{seed}": str(seed)}
        done = sandbox.exec([words.get(word, word) for word in card.run], timeout=self.config.verify.seconds)
        if done.status != "ok":
            return Made(done.status, cpu_seconds=done.cpu_seconds)
        try:
            size = self.config.limits.student_mb * 2**20
            data = sandbox.get(f"out/{seed}/{card.student_file}", max_bytes=size)
        except ResearcherError:
            return Made("malformed", cpu_seconds=done.cpu_seconds)
        return Made("ok", data, done.cpu_seconds)

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
        return Spec(
            name=f"{self.folder.parent.name}-verify-{slot}",
            runtime=self.runtime,
            work=place / "work",
            data=place / "data",
            method=place / "method",
            uid=uid,
            limits=limits_of(self.config.sandbox),
        )


def rerun(bench: Bench, files: Mapping[str, str], seeds: Sequence[int], *, uid: int | None = None) -> Verdict:
    """A verified row again, from its snapshot's files and its draws' seeds: the same score in every study."""
    steps = plan(seeds, controls=bench.config.verify.controls)
    return bench.judge(steps, [bench.run(files, step, slot=0, uid=uid) for step in steps])


def score_body(score: Score) -> dict[str, Any]:
    """A score as it stands in the ledger. A private part that is empty is left out, as in ledgers before it existed."""
    body = {
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "facts": dict(score.facts),
        "refusal": score.refusal,
    }
    return body | {"private": dict(score.private)} if score.private else body


def _of(variant: Variant, steps: Sequence[Step], runs: Sequence[Run]) -> list[Run]:
    return [run for step, run in zip(steps, runs, strict=True) if step.variant == variant]


def _words(runs: Sequence[Run]) -> tuple[Status, ...]:
    return tuple(run.status for run in runs)
