"""The experiment that all contenders make, and how it is read and run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.contenders.baton import Baton

TEACHER, CEILING, VANILLA, CONFIDENCE = "teacher", "ceiling", "vanilla", "confidence"
"""Phases, in order. The first three are a vanilla experiment."""
PARTS = ("teacher", "student", "test")


@dataclass(frozen=True)
class Item:
    """A question with an answer that is right or wrong."""

    question: str
    choice: str
    text: str
    """Both as our label prompt has them: every contender reads these tokens."""
    label: int
    """1 = right."""


@dataclass(frozen=True)
class Job:
    """One experiment."""

    folder: str
    """Has the models `weak` and `strong`, a file of items for each of PARTS, and room for what contenders write."""
    batch: int
    """Items of a step."""
    epochs: int
    """Passes over the items, in every training."""
    rank: int
    """Of LoRA adapters; their scale is 1."""
    rate: float
    """Highest learning rate of LoRA adapters."""
    full_rate: float
    """Highest learning rate where all weights are trained."""
    seed: int

    def items(self, part: str) -> list[Item]:
        """Those of a part."""
        lines = (Path(self.folder) / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
        return [Item(**json.loads(line)) for line in lines]

    def model(self, role: str) -> str:
        """Folder of the model `weak` or `strong`."""
        return str(Path(self.folder) / role)


class Contender(Protocol):
    """One code base."""

    def teacher(self) -> tuple[Sequence[float], float]:
        """Trains the weak model: P(right) of the student's items, and its accuracy on the test."""
        ...

    def student(self, name: str, labels: Sequence[float], *, confidence: bool) -> float:
        """Accuracy on the test of the strong model, trained on P(right); with the confidence loss if asked for."""
        ...


def play(contender: Contender, job: Job, baton: Baton, *, confidence: bool = True) -> None:
    """The whole experiment, a step a turn."""
    baton.begin()
    found = {}
    with baton.phase(TEACHER):
        labels, found[TEACHER] = contender.teacher()
    truth = [float(item.label) for item in job.items("student")]
    for name, target in ((CEILING, truth), (VANILLA, labels), (CONFIDENCE, labels)):
        if name != CONFIDENCE or confidence:
            with baton.phase(name):
                found[name] = contender.student(name, target, confidence=name == CONFIDENCE)
    baton.done(found)


def job_of(argument: str) -> Job:
    """From the command line of a contender."""
    return Job(**json.loads(argument))


def shares_right(logits: Sequence[float], items: Sequence[Item]) -> float:
    """Accuracy of log-odds of "right"."""
    return sum((logit > 0) == (item.label == 1) for logit, item in zip(logits, items, strict=True)) / len(items)
