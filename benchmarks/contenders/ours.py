"""aarlab's hf backend."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from aarlab.w2s.hf.load import ModelRef, load
from aarlab.w2s.hf.settings import Recipe
from aarlab.w2s.methods.auxiliary_confidence import confidence_target
from benchmarks.contenders.baton import Baton
from benchmarks.contenders.job import Item, Job, job_of, play, shares_right

if TYPE_CHECKING:
    from aarlab.w2s.hf.model import LanguageModel
    from aarlab.w2s.tuned import Tuned


class Ours:
    """One loaded model for all trainings: adapters come and go."""

    def __init__(self, job: Job, baton: Baton) -> None:
        self._job, self._baton = job, baton
        self._strong: LanguageModel | None = None
        self._recipe = Recipe(
            rank=job.rank,
            alpha=job.rank**0.5,
            rate=job.rate,
            epochs=job.epochs,
            batch=job.batch,
            checkpointing=False,
        )

    def teacher(self) -> tuple[Sequence[float], float]:
        model = self._load("weak")
        items, test = self._job.items("teacher"), self._job.items("test")
        tuned = self._train(model, items, [float(item.label) for item in items], confidence=False)
        logits = model.label_logits(_texts(self._job.items("student")), student=tuned)
        right = shares_right(model.label_logits(_texts(test), student=tuned).tolist(), test)
        return (1 / (1 + np.exp(-logits))).tolist(), right

    def student(self, name: str, labels: Sequence[float], *, confidence: bool) -> float:
        del name
        self._strong = self._strong or self._load("strong")
        tuned = self._train(self._strong, self._job.items("student"), labels, confidence=confidence)
        test = self._job.items("test")
        return shares_right(self._strong.label_logits(_texts(test), student=tuned).tolist(), test)

    def _load(self, role: str) -> "LanguageModel":
        return load(ModelRef(self._job.model(role)), recipe=self._recipe, device="cpu")

    def _train(
        self, model: "LanguageModel", items: Sequence[Item], labels: Sequence[float], *, confidence: bool
    ) -> "Tuned":
        return model.finetune(
            _texts(items),
            np.array(labels),
            seed=self._job.seed,
            retarget=confidence_target(0.5, balanced=False) if confidence else None,
            progress=lambda _done, _of: self._baton.step(),
        )


def _texts(items: Sequence[Item]) -> list[tuple[str, ...]]:
    return [(item.question, item.choice) for item in items]


def main() -> None:
    baton = Baton()
    for library in ("peft", "transformers", "aarlab.w2s.hf.model", "aarlab.w2s.hf.train"):
        import_module(library)
    job = job_of(sys.argv[1])
    play(Ours(job, baton), job, baton)


if __name__ == "__main__":
    main()
