"""One experiment of the hf backend: weak teacher, ceiling and students are models fine-tuned on texts.

Which items are whose follows from the division; which of them come first, and which side of a pair is right, from the
draw's secret, as in every other experiment. A pair is asked in both orders, so its log-odds change sign with its coin.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from aarlab.problem.contract import Variant
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.hf.inside import write_strong
from aarlab.w2s.hf.judges import Judges
from aarlab.w2s.hf.models import Role
from aarlab.w2s.hf.prompts import swapped
from aarlab.w2s.hf.settings import Generator, Recipe
from aarlab.w2s.reading import malformed
from aarlab.w2s.splits import Index, Trio
from aarlab.w2s.strong import Texts
from aarlab.w2s.task import Bools, Floats
from aarlab.w2s.tuned import AnyStudent, Tuned, read_student
from aarlab.w2s.world import Items, Rules, Secret, World

MAX_BYTES = 1 << 31
"""Of one student's file, whatever the study's own limit is."""


@dataclass(frozen=True)
class Division:
    """Which items of the pool are whose; one of a few, so that its weak teacher and its ceiling are trained once."""

    number: int
    """Seed of these trainings."""
    trio: Trio
    """Its parts. Draws of one division may be graded by other items."""

    @property
    def half(self) -> Index:
        """What the other teacher, of the controls, has learnt from."""
        generator = np.random.default_rng([self.number, len(self.trio.teacher)])
        return np.sort(generator.permutation(self.trio.teacher)[::2])


class TunedWorld(World):
    """A World whose models are fine-tuned in the judges' process."""

    def __init__(
        self,
        pool: Pool,
        division: Division,
        secret: Secret,
        *,
        rules: Rules,
        judges: Judges,
        recipe: Recipe,
        generator: Generator = "transformers",
        test: Index | None = None,
    ) -> None:
        """`test` has the rows that grade, where they are not the division's."""
        trio = division.trio if test is None else Trio(division.trio.teacher, division.trio.train, test)
        super().__init__(pool, trio, secret, rules=rules, name=pool.name)
        self._division = division
        self._judges = judges
        self._recipe = recipe
        self._generator = generator

    def publish(self, folder: Path, *, variant: Variant = "real") -> None:
        """Also the texts of the train inputs, and how the strong model is fine-tuned."""
        self.task_of(variant).save(folder, backend="hf")
        chat = self._judges.about.chat
        write_strong(folder, self._texts, recipe=self._recipe, chat=chat, generator=self._generator)

    def trained(self, name: str, *, seed: int, **settings: Any) -> AnyStudent:
        """As in World; in the judges' process."""
        return self._judges.trained(name, settings, self.task, self._texts, seed=seed)

    def read(self, data: bytes) -> AnyStudent:
        """Heads, or adapters of the recipe's rank. Raises ResearcherError(code="malformed")."""
        student = read_student(
            data,
            shapes=self._judges.about.shapes,
            max_bytes=MAX_BYTES,
            dimension=self._pool.strong.shape[1],
            antisymmetric=self._pairs,
        )
        if isinstance(student, Tuned) and any(adapter.rank != self._recipe.rank for adapter in student.adapters):
            malformed(f"adapters must have the rank of the recipe, {self._recipe.rank}")
        return student

    def answers(self, student: AnyStudent) -> Bools:
        """[n] the class that the student gives each hidden test item."""
        if not isinstance(student, Tuned):
            return super().answers(student)
        return self._turned(self._judges.answered(student, self._test.rows), self._test) > 0

    @cached_property
    def marks(self) -> tuple[Bools, Bools]:
        """[n] of weak teacher and ceiling, whether they answer each hidden test item correctly."""
        ceiling = self._judged("strong", self._test, trained=self._division.trio.train)
        return (self._weak_logits(self._test) > 0) == self._test.label, (ceiling > 0) == self._test.label

    @cached_property
    def _texts(self) -> list[Texts]:
        """[n] of the train inputs, pairs as their coins show them."""
        items = zip(self._judges.items(self._train.rows), self._train.coin, strict=True)
        return [swapped(item) if coin else item for item, coin in items]

    def _weak_logits(self, items: Items) -> Floats:
        return self._judged("weak", items, trained=self._division.trio.teacher)

    def _other_logits(self, rng: np.random.Generator) -> Floats:
        del rng  # which half it has learnt from is the division's, so that it too is trained once
        return self._judged("weak", self._train, trained=self._division.half)

    def _judged(self, role: Role, items: Items, *, trained: Index) -> Floats:
        logits = self._judges.judged(role, items.rows, trained=trained, seed=self._division.number)
        return self._turned(logits, items)

    def _turned(self, logits: Floats, items: Items) -> Floats:
        turned: Floats = np.where(items.coin, -logits, logits)
        return turned
