"""Weak teachers, ceilings and students, asked by row of the pool: what the lab's side wants of the models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np

from aarlab.canonical import digest_json
from aarlab.w2s.domains.pool import IntArray
from aarlab.w2s.hf.desk import Desk
from aarlab.w2s.hf.models import About, Role
from aarlab.w2s.splits import Index
from aarlab.w2s.strong import Texts
from aarlab.w2s.task import Floats, Task
from aarlab.w2s.tuned import AnyStudent, Tuned


@dataclass(frozen=True)
class Judges:
    """Everything is asked in the order and orientation in which the pool has it, so that a division's teacher and
    ceiling are trained once, whatever coins a draw throws."""

    desk: Desk
    """Where models are trained and asked."""
    texts: Sequence[Texts]
    """[pool] items."""
    label: IntArray
    """[pool] 0 or 1."""
    _found: dict[str, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def about(self) -> About:
        """Of the strong model."""
        return cast(About, self.desk.ask("about"))

    def judged(self, role: Role, rows: Index, *, trained: Index, seed: int) -> Floats:
        """[n] log-odds that items `rows` are given by a model fine-tuned on the truth of the items `trained`."""
        known, asked = np.sort(trained), np.sort(rows)
        name = digest_json([role, known.tolist(), asked.tolist(), seed])
        if name not in self._found:
            target = self.label[known].astype(np.float64)
            self._found[name] = self.desk.ask("judged", role, self.items(known), target, seed, self.items(asked))
        return _in_order(self._found[name], asked, rows)

    def answered(self, student: Tuned, rows: Index) -> Floats:
        """[n] log-odds that a student gives to items `rows`."""
        asked = np.sort(rows)
        return _in_order(self.desk.ask("answered", self.items(asked), student), asked, rows)

    def trained(
        self, name: str, settings: Mapping[str, Any], task: Task, items: Sequence[Texts], *, seed: int
    ) -> AnyStudent:
        """The student of a ready-made method on a task whose train inputs are `items`."""
        return cast(AnyStudent, self.desk.ask("trained", name, dict(settings), task, items, seed))

    def items(self, rows: Index) -> list[Texts]:
        """[n] texts."""
        return [self.texts[row] for row in rows.tolist()]


def _in_order(found: Floats, asked: Index, rows: Index) -> Floats:
    return found[np.searchsorted(asked, rows)]
