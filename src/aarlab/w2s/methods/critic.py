"""Critiques: the strong model writes what speaks for and against an answer, and labels are judged from that."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aarlab.w2s.fit import L2, cross_fit, sigmoid
from aarlab.w2s.methods import final, labels, wording
from aarlab.w2s.task import Bools, Floats, Task
from aarlab.w2s.tuned import AnyStudent

Rows = npt.NDArray[np.int64]
PAIR_WAYS = (
    "What is wrong with each answer?",
    "Check both answers step by step.",
    "Which answer is better, and why?",
)
CHOICE_WAYS = (
    "What is wrong with this answer, if anything?",
    "Check this answer step by step.",
    "Is this answer right, and why?",
)
"""Ways to ask for a critique. Each gives one critique of every item."""
LONGEST = 4000
"""Characters of a critique that are read."""


def critic(
    task: Task,
    *,
    seed: int,
    turns: int = 1,
    practised: int = 64,
    shots: int = 2,
    tokens: int = 256,
    temperature: float = 1.0,
    folds: int = 5,
    l2: float = L2,
) -> AnyStudent:
    """The strong model criticises every item in three ways; labels judged from the critiques train the student.

    Each critique of at most `tokens` tokens, written at `temperature`, is read again by the model after its item; z are
    the log-odds of the label then. A judge, a logistic head on the three z cross-fitted in `folds` on the teacher's
    hard labels (weight penalty `l2`), says how much each way of asking is to be believed. Before, critics practise
    `turns` times on `practised` items: the `shots` critiques that most raise the log-probability of the teacher's label
    become examples in the next prompts, for items of the other half only, so that no item meets a critique that was
    chosen by its own label.

    This is not the published critic. There a critic is trained with reinforcement learning (GRPO) against a weak model
    that reads critiques. A task has no weak model to read, and no way to train what the model writes: here it reads
    itself, examples take the place of gradients, and only the judge is weak. Costs three texts and readings an item,
    and a training. Runs with a model only. `seed` draws texts, orders of pairs, halves and folds.
    """
    rng = np.random.default_rng(seed)
    half = rng.random(task.items) < 0.5
    readings = np.empty((task.items, len(PAIR_WAYS)))
    for way, ask in enumerate(PAIR_WAYS if task.antisymmetric else CHOICE_WAYS):
        desk = _Desk(task, ask, rng, tokens=tokens, temperature=temperature)
        for side in (half, ~half):
            examples: list[str] = []
            others = rng.permutation(np.flatnonzero(~side))
            for begin in range(0, min(turns * practised, len(others)), practised):
                examples = desk.best(others[begin : begin + practised], examples, shots=shots)
            rows = np.flatnonzero(side)
            readings[rows, way] = desk.judged(rows, desk.written(rows, examples))
    unit = np.stack([labels.scaled(column) for column in readings.T], axis=1).astype(np.float32)
    judged = sigmoid(cross_fit(unit, task.hard, l2=l2, bias=not task.antisymmetric, folds=folds, seed=seed))
    target = (labels.matched(task, judged, like=task.hard) > 0.5).astype(np.float64)
    return final.student(task, target, seed=seed)


class _Desk:
    """Writes and reads critiques that are asked for in one way; each pair is laid out in one random order."""

    def __init__(self, task: Task, ask: str, rng: np.random.Generator, *, tokens: int, temperature: float) -> None:
        self._task = task
        self._ask = ask
        self._rng = rng
        self._tokens = tokens
        self._temperature = temperature
        self._turned: Bools = (rng.random(task.items) < 0.5) & task.antisymmetric

    def written(self, rows: Rows, examples: Sequence[str]) -> list[str]:
        """One critique of each of the items."""
        prompts = ["\n\n".join([*examples, self._asked(row)]) for row in rows]
        seed = int(self._rng.integers(1 << 31))
        texts = self._task.model.generate(prompts, tokens=self._tokens, temperature=self._temperature, seed=seed)
        return [_critique(text) for text in texts]

    def judged(self, rows: Rows, texts: Sequence[str]) -> Floats:
        """[m] log-odds of class 1 that the model gives the items once it has read their critiques."""
        prompts = [f"{self._asked(row)} {text}\n{wording.LABEL}" for row, text in zip(rows, texts, strict=True)]
        return self._task.model.compare(prompts, wording.words(self._task)) * np.where(self._turned[rows], -1, 1)

    def best(self, rows: Rows, examples: Sequence[str], *, shots: int) -> list[str]:
        """The critiques of `rows` after which the model is surest of the teacher's labels, as examples."""
        texts = self.written(rows, examples)
        reward = self.judged(rows, texts) * (2 * self._task.hard[rows] - 1)
        return [f"{self._asked(rows[place])} {texts[place]}" for place in np.argsort(-reward, kind="stable")[:shots]]

    def _asked(self, row: int) -> str:
        item = self._task.model.items[row]
        return f"{wording.shown(wording.turned(item) if self._turned[row] else item)}{self._ask}\nCritique:"


def _critique(text: str) -> str:
    """What belongs to the critique of a text that may go on with a label of its own, or with the next item."""
    for end in ("\n\n", wording.LABEL, "Question:"):
        text = text.strip().split(end)[0]
    return text.strip()[:LONGEST]
