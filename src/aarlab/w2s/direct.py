"""Weak-to-strong where researchers hand in students or predictions, graded in the one experiment of the study.

Under "predictions" the inputs are in everybody's hands, so nobody can tell how the answers were made. The items of
verify and final lie in one secret order: who answers does not know which of them decide when.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from aarlab.problem.contract import Card, Part, ProtocolName, Score
from aarlab.problem.predictions import read_predictions
from aarlab.w2s.card import write_card
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.pgr import Outcome, summarise
from aarlab.w2s.problem import W2SProblem, W2SSettings, read_student, trusted_marks
from aarlab.w2s.runner import INPUTS
from aarlab.w2s.splits import Index
from aarlab.w2s.task import Bools
from aarlab.w2s.world import Secret, World, deal, items_of


class W2SDirect(W2SProblem):
    """A W2SProblem under the protocol "student" or "predictions"."""

    def __init__(self, pool: Pool, settings: W2SSettings, protocol: ProtocolName) -> None:
        """Divides the pool as W2SProblem does, with the same parts."""
        super().__init__(pool, settings)
        self._protocol: ProtocolName = protocol
        self._sealed: tuple[bytes, Mapping[Part, World]] | None = None

    @cached_property
    def _card(self) -> Card:
        return write_card(self._pool, self._splits, self._rules, protocol=self._protocol)

    def publish(self, folder: Path, *, key: bytes) -> None:
        """Writes the research task; under "predictions" also the inputs of all hidden items, and texts if known."""
        super().publish(folder, key=key)
        if self._protocol == "predictions":
            self._publish_inputs(folder, key)
            self._publish_texts(folder, key)

    def dev(self, students: Sequence[bytes], *, key: bytes) -> float:
        """Mean accuracy on the dev set. Raises ResearcherError(code="malformed")."""
        world = self.research(key)
        if self._protocol == "student":
            return super().dev(students, key=key)
        return float(np.mean([world.right_answers(self._answers(data, len(world.test))).mean() for data in students]))

    def grade(self, file: bytes, *, key: bytes, part: Part) -> Outcome:
        """Who is right on each item of `part`: the file, weak teacher, ceiling. Raises ResearcherError(malformed)."""
        world = self._worlds(key)[part]
        if self._protocol == "student":
            return world.outcome(world.right(read_student(file, world)))
        chosen = self._membership(key)
        answers = self._answers(file, len(chosen))[chosen if part == "verify" else ~chosen]
        return world.outcome(world.right_answers(answers))

    def marks(self, seeds: Sequence[int], *, key: bytes, part: Part) -> Mapping[str, Score]:
        """Weak teacher, ceiling and baselines, trained on the research task with these seeds."""
        world = self._worlds(key)[part]
        found = [trusted_marks(world, seed=seed) for seed in seeds]
        return {name: summarise([outcomes[name] for outcomes in found]) for name in found[0]}

    def _answers(self, data: bytes, items: int) -> Bools:
        return np.array(read_predictions(data, items=items), dtype=np.bool_)

    def _deal(self, key: bytes) -> tuple[Index, Bools]:
        """Pool rows of the verify and final items in one secret order, and their coins."""
        both = np.concatenate([self._splits.verify.test, self._splits.final])
        return deal(self._pool, both, Secret(key), "hidden")

    def _membership(self, key: bytes) -> Bools:
        """Which of these items are of verify."""
        chosen: Bools = np.isin(self._deal(key)[0], self._splits.verify.test)
        return chosen

    def _worlds(self, key: bytes) -> Mapping[Part, World]:
        """The research experiment with each hidden part as its test; kept, as a study has one key."""
        if self._sealed is None or self._sealed[0] != key:
            (rows, coin), chosen = self._deal(key), self._membership(key)
            parts: Mapping[Part, World] = {
                "verify": self._world(key, rows[chosen], coin[chosen]),
                "final": self._world(key, rows[~chosen], coin[~chosen]),
            }
            self._sealed = (key, parts)
        return self._sealed[1]

    def _world(self, key: bytes, rows: Index, coin: Bools) -> World:
        test = items_of(self._pool, rows, coin)
        research, name = self._splits.research, self._pool.name
        return World(self._pool, research, Secret(key), rules=self._rules, name=name, test=test)

    def _publish_inputs(self, folder: Path, key: bytes) -> None:
        dev, hidden = self.research(key), self._world(key, *self._deal(key))
        tensors = {
            "dev": dev.test,
            "dev_prior": dev.test_prior,
            "hidden": hidden.test,
            "hidden_prior": hidden.test_prior,
        }
        (folder / INPUTS).write_bytes(save(tensors))

    def _publish_texts(self, folder: Path, key: bytes) -> None:
        if self._pool.texts is None:
            return
        texts, secret, research = self._pool.texts(), Secret(key), self._splits.research
        shown = {
            "train": deal(self._pool, research.train, secret, "train"),
            "dev": deal(self._pool, research.test, secret, "test"),
            "hidden": self._deal(key),
        }
        for name, (rows, coin) in shown.items():
            lines = [_line(texts[row], turned=bool(turn)) for row, turn in zip(rows, coin, strict=True)]
            (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def _line(texts: tuple[str, ...], *, turned: bool) -> str:
    """One item as everybody may see it: no label, group, source or number."""
    prompt, *answers = texts
    if len(answers) == 1:
        return json.dumps({"question": prompt, "choice": answers[0]}, ensure_ascii=False) + "\n"
    first, second = reversed(answers) if turned else answers
    return json.dumps({"prompt": prompt, "first": first, "second": second}, ensure_ascii=False) + "\n"
