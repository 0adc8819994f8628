"""A scorer that trusts everybody: exact answers, any split, self-reported metrics, code and pickles run in process.

It ships so that each attack is seen to work somewhere. Each method below has been seen in a published set-up or in a
report from the field. Nothing of the lab uses it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aarlab.redteam.naive_host import NaiveHost
from aarlab.redteam.texts import Item, texts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
SIZES: Mapping[str, int] = {"test": 1263, "train": 6826}
"""Items of each split, as in the published chat problem."""
NOISE = 0.014
"""Standard deviation of the fresh noise of `noisy`: that of the test set itself."""
GRID = 0.01
"""Of `rounded`."""
ETA = 0.02
"""Step of `ladder`."""


@dataclass(frozen=True)
class Answer:
    """What the naive scorer tells about a file of predictions."""

    accuracy: float
    """Exact."""
    correct: int
    """How many are right."""
    total: int
    """Of how many."""
    label_distribution: Mapping[int, int]
    """How many items of the split have each label."""


class NaiveScorer(NaiveHost):
    """One fixed test set, whose labels it would not give to anybody who asked for them."""

    def __init__(self, folder: Path, *, seed: int = 0) -> None:
        """`folder` exists and is empty; `seed` fixes labels and noise."""
        super().__init__(folder)
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._labels: dict[str, Ints] = {name: self._rng.integers(0, 2, size=items) for name, items in SIZES.items()}
        self._bests: dict[str, float] = {}
        self._asked: dict[str, int] = {}

    def score(self, predictions: Sequence[int] | Ints, *, split: str = "test") -> Answer:
        """Exact accuracy and counts on any split, for any numbers: a prediction of 2 is merely never right."""
        labels = self._labels[split]
        correct = int((np.asarray(predictions) == labels).sum())
        positive = int(labels.sum())
        return Answer(correct / len(labels), correct, len(labels), {0: len(labels) - positive, 1: positive})

    def rounded(self, predictions: Sequence[int] | Ints) -> float:
        """Accuracy on a grid of one point, as many times as one likes."""
        return round(self.score(predictions).accuracy / GRID) * GRID

    def noisy(self, predictions: Sequence[int] | Ints) -> float:
        """Accuracy with noise that is new in each answer."""
        return self.score(predictions).accuracy + NOISE * float(self._rng.standard_normal())

    def ladder(self, researcher: str, predictions: Sequence[int] | Ints) -> bool:
        """Whether it beats this researcher's own best by more than ETA."""
        accuracy, best = self.score(predictions).accuracy, self._bests.get(researcher)
        better = best is None or accuracy > best + ETA
        if better:
            self._bests[researcher] = accuracy
        return better

    def limited(self, researcher: str, predictions: Sequence[int] | Ints, *, budget: int = 36) -> float | None:
        """Accuracy, or None when this researcher has had its answers; each name has a budget of its own."""
        asked = self._asked.get(researcher, 0)
        self._asked[researcher] = asked + 1
        return self.score(predictions).accuracy if asked < budget else None

    def rerun(self, train: Callable[[int], Sequence[int] | Ints], *, seed: int) -> float:
        """Accuracy of a method under a seed that the caller chooses and may leave untold."""
        return self.score(train(seed)).accuracy

    def items(self, domain: str) -> tuple[Item, ...]:
        """The test items of "math", "code" or "chat" as text."""
        return texts(domain, seed=self._seed)

    def mark(self, domain: str, answers: Sequence[bool]) -> float:
        """Accuracy of answers to the items of `items`."""
        return float(np.mean([answer == item.right for answer, item in zip(answers, self.items(domain), strict=True)]))

    def imitate(self, *, sure: tuple[float, float], seed: int) -> Floats:
        """[n] an honest model's P(label 1) for the test items, for want of a real one.

        It is as sure of its answers as `sure` says (lowest, highest), and right as often as it is sure.
        """
        rng = np.random.default_rng([self._seed, seed])
        labels = self._labels["test"]
        confidence = rng.uniform(*sure, size=len(labels))
        answer = np.where(rng.random(len(labels)) < confidence, labels, 1 - labels)
        return np.where(answer == 1, confidence, 1 - confidence)
