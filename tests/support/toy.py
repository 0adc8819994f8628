"""A tiny real problem: find the threshold that separates numbers. A student is the text of one number.

As in W2S, a weak teacher (a noisy threshold) labels the public numbers, and the score is the share of the gap between
it and the ceiling that a student recovers. Used as problem.kind = "tests.support.toy:Toy".
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from pydantic import BaseModel, ConfigDict

from aarlab.canonical import digest_json, keyed_seed
from aarlab.errors import ResearcherError, UserError
from aarlab.problem.contract import BASELINE, Card, Difference, Part, Progress, Score, Variant

HELD_OUT = "held-out-word-4711"
"""Stands for anything hidden; it must never come out of the lab."""
BROKEN_GRADER = b"break the grader"
"""A student on which the toy's own code fails with a message that holds the word."""
RUNNER = """
import pathlib, runpy, sys
method, data, out, seeds = sys.argv[1:]
train = runpy.run_path(method + "/method.py")["train"]
for seed in seeds.split(","):
    folder = pathlib.Path(out, seed)
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("student.safetensors").write_bytes(train(pathlib.Path(data), int(seed)))
"""


CUTS = {"half": 0.5, "quarter": 0.25}
"""The threshold of each domain."""


class ToySettings(BaseModel):
    """Of the [problem] table."""

    model_config = ConfigDict(extra="forbid")

    items: int = 200
    """Numbers in one draw."""
    refuse: bool = False
    """Print no value."""
    domain: str = "half"
    """Where the threshold is: one of CUTS."""
    heed: bool = False
    """Tell from the controls whether a method is teacher-free."""


@dataclass(frozen=True)
class ToyDraw:
    """Numbers with a hidden threshold."""

    seed: int
    items: int
    variant: Variant = "real"
    part: Part = "verify"
    cut: float = 0.5

    def publish(self, folder: Path) -> None:
        """Numbers and the weak teacher's labels."""
        rng = random.Random(self.seed)
        numbers = [rng.random() for _ in range(self.items)]
        right = 0.75 if self.variant == "other teacher" else 0.8
        weak = [number > self.cut if rng.random() < right else number <= self.cut for number in numbers]
        if self.variant == "shuffled teacher":
            rng.shuffle(weak)
        (folder / "inputs.json").write_text(json.dumps({"numbers": numbers, "weak": weak}))

    def grade(self, student: bytes) -> float:
        """Accuracy on hidden numbers."""
        if student == BROKEN_GRADER:
            raise ValueError(HELD_OUT)
        threshold = parse(student)
        rng = random.Random(self.seed + 1 if self.part == "verify" else "final")
        numbers = [rng.random() for _ in range(self.items)]
        return mean((number > threshold) == (number > self.cut) for number in numbers)


class ToyProblem:
    """Implements aarlab.problem.contract.Problem."""

    def __init__(self, settings: ToySettings) -> None:
        self._settings = settings

    @property
    def digest(self) -> str:
        return digest_json(["toy", self._settings.model_dump()])

    @property
    def _cut(self) -> float:
        return CUTS[self._settings.domain]

    def card(self) -> Card:
        return Card(
            name="toy/threshold" if self._settings.domain == "half" else f"toy/{self._settings.domain}",
            text="Find the threshold.",
            facts={"items": self._settings.items, "sets": self._sets()},
            run=("/opt/aarlab/bin/python", "-c", RUNNER, "{method}", "{data}", "{out}", "{seed}"),
        )

    def kit(self) -> tuple[str, ...]:
        return ()

    def publish(self, folder: Path, *, key: bytes) -> None:
        self._world(key).publish(folder)

    def dev(self, students: Sequence[bytes], *, key: bytes) -> float:
        return mean(self._world(key).grade(student) for student in students)

    def draw(self, seed: int, *, variant: Variant = "real", part: Part = "verify") -> ToyDraw:
        return ToyDraw(seed, self._settings.items, variant, part, self._cut)

    def summarise(self, outcomes: Sequence[Any], *, controls: Mapping[Variant, Sequence[Any]] | None = None) -> Score:
        if self._settings.refuse:
            return Score(None, None, None, {}, refusal="the gap is not above zero")
        values = [(accuracy - 0.8) / 0.2 for accuracy in outcomes]
        half = 2 * stdev(values) / len(values) ** 0.5
        facts = {
            "transfer_acc": mean(outcomes),
            "transfer_se": stdev(outcomes) / len(values) ** 0.5,
            "gap": 0.2,
            "runs": len(values),
        }
        told = facts | self._owed(outcomes, controls)
        interval = (mean(values) - half, mean(values) + half)
        return Score(mean(values), *interval, told, private={"accuracies": list(outcomes)})

    def references(self, seeds: Sequence[int], *, part: Part = "verify") -> Mapping[str, Score]:
        facts = {"runs": len(seeds), "gap": 0.2, "part": part}
        baseline = {**facts, "transfer_acc": 0.85, "transfer_se": 0.005}
        return {
            "weak teacher": Score(0.0, 0.0, 0.0, facts),
            BASELINE: Score(0.25, 0.2, 0.3, baseline),
            "ceiling": Score(1.0, 1.0, 1.0, facts),
        }

    def trials(self, seeds: Sequence[int], *, part: Part = "verify") -> Mapping[str, Sequence[float]]:
        accuracies = {"weak teacher": 0.8, BASELINE: 0.85, "ceiling": 1.0}
        least = 0.001 if part == "verify" else 0.002
        return {name: [accuracy + least * (seed % 2) for seed in seeds] for name, accuracy in accuracies.items()}

    def differences(self, outcomes: Sequence[float], base: Sequence[float]) -> Mapping[str, Difference]:
        value = (mean(outcomes) - mean(base)) / 0.2
        return {"all": (value, value - 0.1, value + 0.1)}

    def _owed(self, outcomes: Sequence[Any], controls: Mapping[Variant, Sequence[Any]] | None) -> dict[str, Any]:
        """What the controls add, for problems that are asked to heed them."""
        if not self._settings.heed or not controls:
            return {}
        found = [outcome for outcome in controls["shuffled teacher"] if outcome is not None]
        return {"teacher_free": mean(outcomes) - mean(found) < 0.1 if found else None}

    def _sets(self) -> dict[str, dict[str, Any]]:
        size = {"items": self._settings.items, "independent": self._settings.items}
        return {name: {**size, "half_width": 0.07, "of": "accuracy"} for name in ("dev", "verify", "final")}

    def _world(self, key: bytes) -> ToyDraw:
        return ToyDraw(keyed_seed(key, "toy"), self._settings.items, cut=self._cut)


class ToyKind:
    """Implements aarlab.problem.contract.ProblemKind."""

    settings = ToySettings

    def build(self, settings: ToySettings, *, cache: Path, progress: Progress | None = None) -> ToyProblem:
        if progress is not None:
            progress(1, 1, f"nothing to keep in {cache}")
        return ToyProblem(settings)

    def moved(self, settings: ToySettings, *, to: str) -> ToySettings:
        if to not in CUTS:
            raise UserError(f"{to}: there is no such domain; there are {', '.join(CUTS)}")
        return settings.model_copy(update={"domain": to})


Toy = ToyKind()


def parse(student: bytes) -> float:
    """The number that a student is."""
    try:
        return float(student[:64].decode())
    except ValueError:
        raise ResearcherError("a student is the text of one number", code="malformed") from None
