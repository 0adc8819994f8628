"""What the search mind did so far, as JSON lines in its workspace: a killed researcher goes on where it was."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from aarlab.canonical import canonical_json
from aarlab.errors import ResearcherError
from aarlab.minds.search.space import Recipe

FILE = "trials.jsonl"
MAX_BYTES = 8 << 20
NEAR = 0.003
"""Students that differ less than this in everything that is measured without labels are taken for the same."""

State = Literal["started", "pruned", "failed", "scored"]


@dataclass(frozen=True)
class Trial:
    """One candidate and what became of it."""

    number: int
    """0, 1, 2, ..."""
    recipe: dict[str, Any]
    """A point of the space, or a candidate of a shelf of ready-made methods."""
    parents: tuple[str, ...] = ()
    """Others' snapshots that it builds on; () = it came from the search."""
    state: State = "started"
    """"started" is done again after a restart."""
    why: str = ""
    """Why it was pruned or failed."""
    fingerprint: str = ""
    """Of its first student's predictions on the train inputs."""
    profile: tuple[float, ...] = ()
    """What the self-checks measured on it."""
    proposal: str = ""
    """Its frozen proposal."""
    snapshot: str = ""
    """Its frozen method."""
    submission: str = ""
    """Its dev submission."""
    answer: float | None = None
    """The coarse dev answer."""
    finding: str = ""
    """The finding that tells of its dev answer."""
    verify: str = ""
    """Its verify submission."""
    verdict: str = ""
    """How the verification ended, in the lab's fixed word; "" while it is not known."""
    value: float | None = None
    """The verified value."""
    low: float | None = None
    """The verified lower bound."""


class Memory:
    """All trials, written out after every change."""

    def __init__(
        self,
        write: Callable[[bytes], None],
        *,
        saved: bytes | None = None,
        known: Callable[[dict[str, Any]], bool] = lambda plain: Recipe.read(plain) is not None,
    ) -> None:
        """`saved` is what was written last. Raises ResearcherError when it holds anything but trials of points that are
        `known`."""
        self._write = write
        self.trials: list[Trial] = _read(saved or b"", known)

    def add(self, trial: Trial) -> None:
        """Records a new trial."""
        self.trials.append(trial)
        self._save()

    def update(self, trial: Trial, **changes: Any) -> Trial:
        """Replaces a trial by a changed copy, which is returned."""
        changed = replace(trial, **changes)
        self.trials[trial.number] = changed
        self._save()
        return changed

    def _save(self) -> None:
        self._write(b"".join(canonical_json(asdict(trial)) + b"\n" for trial in self.trials))

    @property
    def unfinished(self) -> Trial | None:
        """The trial that a stop or a crash interrupted."""
        return self.trials[-1] if self.trials and self.trials[-1].state == "started" else None

    @property
    def scored(self) -> list[Trial]:
        """Trials with a dev answer, best first; of equals the earlier."""
        answered = [trial for trial in self.trials if trial.answer is not None]
        return sorted(answered, key=lambda trial: (-_answer(trial), trial.number))

    @property
    def best(self) -> Trial | None:
        """The trial with the best dev answer."""
        return next(iter(self.scored), None)

    @property
    def sent(self) -> list[Trial]:
        """Trials that were sent to verify, in the order of their numbers."""
        return [trial for trial in self.trials if trial.verify]

    def twin(self, trial: Trial, *, fingerprint: str, profile: tuple[float, ...]) -> Trial | None:
        """Another trial whose first student predicts the same, or so nearly the same that no self-check tells."""
        others = [other for other in self.trials if other.number != trial.number and other.fingerprint]
        return next((one for one in others if one.fingerprint == fingerprint or _near(one.profile, profile)), None)

    def since_best(self) -> int:
        """Trials after the one with the best dev answer, or since adoption was last tried."""
        adopted = [trial.number for trial in self.trials if trial.parents]
        marks = [self.best.number if self.best else -1, *adopted]
        return len(self.trials) - 1 - max(marks)


def _near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < NEAR


def _answer(trial: Trial) -> float:
    return trial.answer if trial.answer is not None else float("-inf")


def _read(saved: bytes, known: Callable[[dict[str, Any]], bool]) -> list[Trial]:
    """The workspace is a sandbox's: what is in it is read strictly, and never half."""
    trials = []
    for number, line in enumerate(saved.splitlines()):
        try:
            trial = _TRIAL.validate_json(line)
        except ValidationError as error:
            where = f"{FILE}, line {number + 1}"
            raise ResearcherError(f"{where}, is no trial: {error.errors()[0]['msg']}", code="malformed") from None
        if trial.number != number or not known(trial.recipe):
            raise ResearcherError(f"{FILE}, line {number + 1}, is no trial of this space", code="malformed")
        trials.append(trial)
    return trials


_TRIAL = TypeAdapter(Trial)
