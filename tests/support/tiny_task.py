"""A task whose strong model is a real language model, of random weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aarlab.w2s.fit import sigmoid
from aarlab.w2s.hf.model import LanguageModel
from aarlab.w2s.strong import Retarget, Texts
from aarlab.w2s.task import Floats, Task
from aarlab.w2s.tuned import Tuned
from tests.support.tiny_items import choices, pairs, truth


@dataclass
class Strong:
    """A StrongModel (aarlab.w2s.strong) around a loaded model and the items of one task."""

    language: LanguageModel
    items: Sequence[Texts]

    @property
    def epochs(self) -> float:
        """Of the recipe."""
        return self.language.recipe.epochs

    def finetune(
        self,
        target: Floats,
        *,
        seed: int,
        weight: Floats | None = None,
        retarget: Retarget | None = None,
        epochs: float | None = None,
        start: Tuned | None = None,
    ) -> Tuned:
        """On the task's items."""
        return self.language.finetune(
            self.items, target, seed=seed, weight=weight, retarget=retarget, epochs=epochs, start=start
        )

    def logits(self, student: Tuned | None = None, *, items: Sequence[Texts] | None = None) -> Floats:
        """Of the task's items or others."""
        return self.language.label_logits(self.items if items is None else items, student=student)

    def compare(self, prompts: Sequence[str], words: tuple[str, str]) -> Floats:
        """As the model."""
        return self.language.compare(prompts, words)

    def generate(
        self, prompts: Sequence[str], *, tokens: int, temperature: float, seed: int, student: Tuned | None = None
    ) -> list[str]:
        """As the model."""
        return self.language.generate(prompts, tokens=tokens, temperature=temperature, seed=seed, student=student)


def tiny_task(language: LanguageModel, kind: str, *, count: int = 40) -> Task:
    """Pairs or choices with a teacher that is right in three of four."""
    items = pairs(count) if kind == "pairs" else choices(count)
    noise = np.random.default_rng(0).standard_normal(count)
    hidden, prior = language.hidden(items, layer=1), language.prior(items)
    if kind != "pairs":
        hidden, prior = hidden - hidden.mean(axis=0), prior - np.median(prior)
    return Task(
        hidden=hidden / (hidden.std(axis=0) + 1e-3),
        teacher=sigmoid(1.5 * (2 * truth(count) - 1 + 1.3 * noise)).astype(np.float32),
        prior=(prior / np.sqrt(np.mean(prior**2))).astype(np.float32),
        antisymmetric=kind == "pairs",
        domain="tiny",
        seconds=60.0,
        strong=Strong(language, items),
    )
