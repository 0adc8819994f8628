"""A strong model without torch: it knows words, learns by a low-rank change of its matrix, and reads examples."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from aarlab.errors import ResearcherError
from aarlab.w2s.fit import Adam, sigmoid
from aarlab.w2s.strong import Retarget, Texts
from aarlab.w2s.task import Array, Bools, Floats, Task
from aarlab.w2s.tuned import Adapter, Tuned

WIDTH, RANK, MODULE = 64, 4, "words"
SHAPES = {MODULE: (WIDTH, 2)}
GOOD, BAD, PLAIN = ([f"{kind}{number}" for number in range(12)] for kind in ("good", "bad", "plain"))


@cache
def bag(text: str) -> Floats:
    """[WIDTH] hashed counts of words."""
    found = np.zeros(WIDTH)
    for word in text.split():
        found[zlib.crc32(word.encode()) % WIDTH] += 1
    return found


def features(item: Texts) -> Floats:
    """What the model sees of an item: of a pair, second minus first."""
    return bag(item[1]) if len(item) == 2 else bag(item[2]) - bag(item[1])


@dataclass
class HashedModel:
    """A StrongModel (aarlab.w2s.strong) whose two labels are linear in the words of an item."""

    items: Sequence[Texts]
    matrix: Floats
    """[2, WIDTH] before any fine-tuning."""
    bias: float = 0.3
    """It likes the second of a pair; asked in both orders, that cancels."""
    epochs: float = 5.0
    batch: int = 32
    rate: float = 0.03
    both_orders: bool = False
    """Whether pairs are trained in a random order, as some recipes do."""
    asked: list[int] = field(default_factory=list)
    """How many prompts each call of `compare` had."""
    prompted: list[str] = field(default_factory=list)
    """What it was asked to write after."""
    trained: list[tuple[float, int, bool]] = field(default_factory=list)
    """Of each fine-tuning: passes, items, whether it began at an adapter."""

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
        """Adam on the two factors of a low-rank change."""
        rng = np.random.default_rng(seed)
        assert target.shape == (len(self.items),)
        assert 0 <= target.min() <= target.max() <= 1
        weight = np.ones(len(target)) if weight is None else weight
        rows = np.flatnonzero(weight > 0)
        if len(rows) == 0:
            raise ResearcherError("no item has weight")
        seen = np.stack([features(self.items[row]) for row in rows])
        counts, aims = weight[rows] / weight[rows].mean(), target[rows]
        adam, epochs = Adam(_begin(start, rng)), self.epochs if epochs is None else epochs
        self.trained.append((epochs, len(rows), start is not None))
        steps = max(1, round(epochs * len(rows) / self.batch))
        order = np.concatenate([rng.permutation(len(rows)) for _ in range(-(-steps * self.batch // len(rows)))])
        for step in range(steps):
            now, done = order[step * self.batch : (step + 1) * self.batch], step / steps
            turn = rng.random(len(now)) < 0.5 if self.both_orders else np.zeros(len(now), dtype=bool)
            shown, aim = seen[now] * np.where(turn, -1, 1)[:, None], np.where(turn, 1 - aims[now], aims[now])
            logits = shown @ self._odds(adam.at) + self.bias
            aim = aim if retarget is None else retarget(logits, aim, done)
            adam.step(_gradient(adam.at, shown, counts[now] * (sigmoid(logits) - aim)), self.rate * (1 - done))
        return Tuned((_adapter(adam.at),))

    def logits(self, student: Tuned | None = None, *, items: Sequence[Texts] | None = None) -> Floats:
        """In both orders for pairs."""
        seen = np.stack([features(item) for item in (self.items if items is None else items)])
        bias = self.bias if len(self.items[0]) == 2 else 0.0  # of a pair both orders are asked
        if student is None:
            return seen @ (self.matrix[1] - self.matrix[0]) + bias
        return student.join(np.stack([seen @ self._odds(_flat(one)) + bias for one in student.adapters], axis=1))

    def compare(self, prompts: Sequence[str], words: tuple[str, str]) -> Floats:
        """Its own opinion, that of the last critique, and labels of examples that share words."""
        if words[0][:1] == words[1][:1]:
            raise ResearcherError("words begin with the same token")
        self.asked.append(len(prompts))
        return np.array([self._answer(prompt, words) for prompt in prompts])

    def generate(
        self, prompts: Sequence[str], *, tokens: int, temperature: float, seed: int, student: Tuned | None = None
    ) -> list[str]:
        """A verdict, drawn from its own opinion."""
        assert student is None
        self.prompted.extend(prompts)
        rng, texts = np.random.default_rng(seed), []
        for prompt in prompts:
            item, _ = _read(prompt.rsplit("\n\n", 1)[-1])
            words = ("False", "True") if len(item) == 2 else ("A", "B")
            says = sigmoid(self._answer(prompt, words) / temperature) > rng.random()
            texts.append(" ".join(["On", "the", "whole", words[int(says)]][-tokens:]))
        return texts

    def _answer(self, prompt: str, words: tuple[str, str]) -> float:
        *examples, last = prompt.split("\n\n")
        item, tail = _read(last)
        seen = features(item)
        found = float(seen @ (self.matrix[1] - self.matrix[0])) + self.bias
        found += {words[0]: -1.0, words[1]: 1.0}.get(tail.removesuffix("Label:").split()[-1:][0] if tail else "", 0.0)
        for example in examples:
            shown, label = _read(example)
            sign = 1 if label.endswith(words[1]) else -1
            found += sign * float(seen @ features(shown)) / (1 + float(np.abs(seen).sum()))
        return found

    def _odds(self, flat: Floats) -> Floats:
        down, up = _factors(flat)
        matrix = self.matrix + up @ down
        return matrix[1] - matrix[0]


def _read(block: str) -> tuple[Texts, str]:
    """The item of one block of a prompt, and what follows it."""
    lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
    answers = [lines[name] for name in ("Answer", "Answer A", "Answer B") if name in lines]
    return (lines["Question"], *answers), block.rsplit("Critique:", 1)[-1] if "Critique:" in block else block[-8:]


def _begin(start: Tuned | None, rng: np.random.Generator) -> Floats:
    if start is not None:
        return _flat(start.adapters[0])
    return np.concatenate([rng.standard_normal(RANK * WIDTH) / WIDTH**0.5, np.zeros(2 * RANK)])


def _factors(flat: Floats) -> tuple[Floats, Floats]:
    return flat[: RANK * WIDTH].reshape(RANK, WIDTH), flat[RANK * WIDTH :].reshape(2, RANK)


def _gradient(flat: Floats, seen: Floats, residual: Floats) -> Floats:
    down, up = _factors(flat)
    outer = np.outer([-1.0, 1.0], residual @ seen / len(residual))
    return np.concatenate([(up.T @ outer).ravel(), (outer @ down.T).ravel()])


def _flat(adapter: Adapter) -> Floats:
    return np.concatenate([side[MODULE].astype(np.float64).ravel() for side in (adapter.down, adapter.up)])


def _adapter(flat: Floats) -> Adapter:
    down, up = _factors(flat)
    return Adapter({MODULE: down.astype(np.float16)}, {MODULE: up.astype(np.float16)})


def model_task(kind: str = "pairs", *, items: int = 240, seed: int = 0) -> tuple[Task, Bools]:
    """A task with a model that knows some of the good words, and the true labels."""
    rng = np.random.default_rng(seed)
    truth = rng.random(items) < 0.5 if kind == "pairs" else np.arange(items) % 2 == 0
    texts = [_item(rng, kind, number, bool(label)) for number, label in enumerate(truth)]
    model = HashedModel(texts, _knowledge(rng), bias=0.3 if kind == "pairs" else 0.0)
    seen = np.stack([features(item) for item in texts])
    rotation = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0]
    centred = seen if kind == "pairs" else seen - seen.mean(axis=0)
    hidden: Array = ((centred / (seen.std(axis=0) + 0.1)) @ rotation).astype(np.float32)
    noise = 1.3 * rng.standard_normal(items)
    logits = model.logits()
    prior = logits if kind == "pairs" else logits - np.median(logits)
    return (
        Task(
            hidden=hidden,
            teacher=sigmoid(1.5 * (2 * truth - 1 + noise)).astype(np.float32),
            prior=(prior / np.sqrt(np.mean(prior**2))).astype(np.float32),
            antisymmetric=kind == "pairs",
            domain="words",
            seconds=60.0,
            strong=model,
        ),
        truth,
    )


def _item(rng: np.random.Generator, kind: str, number: int, label: bool) -> Texts:
    if kind == "pairs":
        return (f"question {number}", _answer_text(rng, not label), _answer_text(rng, label))
    return (f"question {number // 2}", _answer_text(rng, label))


def _answer_text(rng: np.random.Generator, right: bool) -> str:
    mine, other = (GOOD, BAD) if right else (BAD, GOOD)
    lists = [(mine, other, PLAIN)[place] for place in rng.choice(3, size=12, p=[0.45, 0.25, 0.3])]
    return " ".join(str(rng.choice(words)) for words in lists)


def _knowledge(rng: np.random.Generator) -> Floats:
    """A matrix that knows two thirds of the good words, and is otherwise noise."""
    known = sum(bag(word) for word in GOOD[:8])
    return np.stack([-0.3 * known, 0.3 * known]) + 0.1 * rng.standard_normal((2, WIDTH))
