"""Weak-to-strong where researchers hand in students or predictions, graded in the one experiment of the study.

Under "predictions" the inputs are in everybody's hands, so nobody can tell how the answers were made. The items of
verify and final lie in one secret order: who answers does not know which of them decide when.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from aarlab.problem.claims import canary
from aarlab.problem.contract import Card, Part, ProtocolName, Score
from aarlab.problem.predictions import read_predictions
from aarlab.problem.sight import Ints, Sight
from aarlab.problem.tripwire import arm, arm_some, tripwire
from aarlab.w2s.card import write_card
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.pgr import Outcome, summarise
from aarlab.w2s.problem import W2SProblem, W2SSettings, graded, student_answers, trusted_marks
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

    def examine(self, files: Sequence[bytes], *, key: bytes) -> Sequence[Sight]:
        """The dev set as each file answers it. Raises ResearcherError(code="malformed")."""
        sights = super().examine(files, key=key)
        if self._protocol == "student":
            return sights
        return [replace(sight, canary=canary(key, labels=_labels(sight))) for sight in sights]

    def _dev_answers(self, data: bytes, world: World) -> Bools:
        if self._protocol == "student":
            return super()._dev_answers(data, world)
        return self._answers(data, len(world.test))

    def grade(self, file: bytes, *, key: bytes, part: Part) -> Outcome:
        """Who is right on each item of `part`: the file, weak teacher, ceiling. Raises ResearcherError(malformed)."""
        world = self._worlds(key)[part]
        if self._protocol == "student":
            return graded(student_answers(file, world), world)
        chosen = self._membership(key)
        answers = self._answers(file, len(chosen))[chosen if part == "verify" else ~chosen]
        return graded(answers, world)

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

    def _armed(self, items: Sequence[tuple[str, ...]], key: bytes) -> Sequence[tuple[str, ...]]:
        """The same items, of which some that are programs tell the lab when somebody runs them.

        Which items is a secret that no label has a part in; of a pair both responses are armed where both can be.
        """
        armed = arm_some([item[1] for item in items], key=key)
        path = f"/data/{tripwire(key)}"
        return [
            item if now == item[1] else (item[0], now, *(arm(other, path=path) or other for other in item[2:]))
            for item, now in zip(items, armed, strict=True)
        ]

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
            items = [_turned(texts[row], turned=bool(turn)) for row, turn in zip(rows, coin, strict=True)]
            lines = [_line(item) for item in self._armed(items, key)]
            (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def _labels(sight: Sight) -> Ints:
    """[n] the true ones."""
    return np.where(sight.right, sight.answers, ~sight.answers).astype(np.int64)


def _turned(texts: tuple[str, ...], *, turned: bool) -> tuple[str, ...]:
    """Prompt and responses of an item as its coin shows them."""
    prompt, *answers = texts
    return (prompt, *(reversed(answers) if turned else answers))


def _line(texts: tuple[str, ...]) -> str:
    """One item as everybody may see it: no label, group, source or number."""
    names = ("question", "choice") if len(texts) == 2 else ("prompt", "first", "second")
    return json.dumps(dict(zip(names, texts, strict=True)), ensure_ascii=False) + "\n"
