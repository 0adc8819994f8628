"""One candidate's way through sandbox and door, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aarlab.errors import ResearcherError
from aarlab.minds.protocol import Workbench
from aarlab.minds.search import checks, compose
from aarlab.minds.search.memory import Trial
from aarlab.minds.search.space import Recipe
from aarlab.wire import DevRequest, ProposalRequest, SnapshotRequest, Submission, VerifyRequest

STUDENT_BYTES = 16 << 20
WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    checks: checks.Checks | None
    """Self-checks without labels; None when the training failed."""
    why: str = ""
    """Why it failed."""


class Words(Protocol):
    """Writes a candidate, given as plain JSON, for people and for the lab."""

    def title(self, plain: Mapping[str, Any]) -> str: ...

    def family(self, plain: Mapping[str, Any]) -> str: ...

    def proposal(self, plain: Mapping[str, Any], *, why: str) -> str: ...

    def files(self, plain: Mapping[str, Any], *, why: str) -> dict[str, str]: ...


class Composed:
    """Recipes of the declared space."""

    def title(self, plain: Mapping[str, Any]) -> str:
        return compose.title(Recipe(**plain))

    def family(self, plain: Mapping[str, Any]) -> str:
        return compose.family(Recipe(**plain))

    def proposal(self, plain: Mapping[str, Any], *, why: str) -> str:
        return compose.proposal(Recipe(**plain), why=why)

    def files(self, plain: Mapping[str, Any], *, why: str) -> dict[str, str]:
        return compose.files(Recipe(**plain), why=why)


class Desk:
    """Does what the mind has decided."""

    def __init__(self, bench: Workbench, *, words: Words | None = None) -> None:
        """`words`: of the candidates, by default those of recipes."""
        self._bench = bench
        self._door = bench.door
        self._words = words or Composed()

    def write(self, trial: Trial, *, why: str) -> dict[str, str]:
        """Writes the method folder into the workspace and returns its files."""
        files = self._words.files(trial.recipe, why=why)
        for name, text in files.items():
            self._bench.put(f"{_method(trial)}/{name}", text.encode())
        return files

    def train(self, trial: Trial, *, seeds: Sequence[int]) -> Trained:
        """Trains in the sandbox."""
        out = _out(trial, seeds[0])
        done = self._bench.train(_method(trial), out=out, seeds=seeds)
        if done.status != "ok":
            said = done.stderr.decode(errors="replace").strip().splitlines()
            return Trained(None, f"{done.status}: {said[-1][:200]}" if said else done.status)
        found = checks.read(self._bench.get(f"{out}/{checks.FILE}", max_bytes=checks.MAX_BYTES))
        return Trained(found, "" if found else "no self-checks")

    def propose(self, trial: Trial, *, why: str) -> str:
        """Freezes the description; the same words have the same id."""
        words, plain = self._words, trial.recipe
        text = words.proposal(plain, why=why)
        return self._door.propose(ProposalRequest(title=words.title(plain), text=text, family=words.family(plain)))

    def freeze(self, trial: Trial, files: dict[str, str]) -> str:
        """Freezes the method."""
        message = self._words.title(trial.recipe)
        return self._door.snapshot(SnapshotRequest(files=files, message=message, parents=trial.parents))

    def groups(self) -> list[Sequence[int]]:
        """The seeds of a candidate, in the groups in which they are trained: one first, then the others."""
        seeds = range(self._bench.me.dev_seeds)
        return [group for group in (seeds[:1], seeds[1:]) if group]

    def ask_dev(self, trial: Trial) -> Submission:
        """Hands in what was trained with all seeds."""
        blobs = self._blobs(trial, self._bench.card.student_file)
        return self._door.dev(DevRequest(proposal=trial.proposal, snapshot=trial.snapshot, students=blobs))

    def ask_verify(self, trial: Trial) -> Submission:
        """Sends a method to verify, or what was trained with it where the lab takes that; the same has the same id."""
        card = self._bench.card
        blobs = () if card.protocol == "method" else self._blobs(trial, card.verify_file or card.student_file)
        return self._door.verify(VerifyRequest(proposal=trial.proposal, snapshot=trial.snapshot, students=blobs))

    def await_answer(self, submission: Submission) -> Submission:
        """Waits until the lab has answered; the wait is broken up, so that a stop is heard. Raises Stopped."""
        while submission.status in ("queued", "running"):
            submission = self._door.submission(submission.id, wait=WAIT_SECONDS)
            self._bench.should_stop()
            self._bench.log(f"waits for {submission.id}: {submission.status}")
        return submission

    def _blobs(self, trial: Trial, file: str) -> tuple[str, ...]:
        seeds = [(group[0], seed) for group in self.groups() for seed in group]
        return tuple(self._door.put_blob(self._left(trial, first, seed, file)) for first, seed in seeds)

    def _left(self, trial: Trial, first: int, seed: int, file: str) -> bytes:
        path = f"{_out(trial, first)}/{seed}/{file}"
        data = self._bench.get(path, max_bytes=STUDENT_BYTES)
        if data is None:
            raise ResearcherError(f"the training left no {path}", code="missing")
        return data


def _method(trial: Trial) -> str:
    return f"methods/{trial.number:04d}"


def _out(trial: Trial, first: int) -> str:
    return f"out/{trial.number:04d}/{first}"
