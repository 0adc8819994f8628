"""One experiment made from a trio of parts under a secret: what a method sees, and what grades its student.

Three things keep an answer from being carried into a draw from elsewhere. Which response of a pair comes first is a
fresh secret coin for each item; the rows are shuffled; and the standardised features are turned by a secret random
rotation, so that weights, directions or tables made on another draw mean nothing on this one (an L2 penalty does not
notice a rotation). It does not promise safety against somebody who holds the labelled data itself outside the
sandbox: norms and angles of features survive a rotation, so known items could be recognised. Nor does it hide what
a method may learn honestly from its inputs, such as their spectrum.
"""

import hmac
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aarlab.canonical import keyed_bytes
from aarlab.problem.contract import Part, Variant
from aarlab.problem.sight import Sight
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.fit import Head, fit_head, sigmoid
from aarlab.w2s.margins import Margins
from aarlab.w2s.methods import METHODS
from aarlab.w2s.pgr import Outcome
from aarlab.w2s.reading import malformed
from aarlab.w2s.splits import Index, Splits, Trio
from aarlab.w2s.student import Student
from aarlab.w2s.task import Array, Bools, Floats, Task
from aarlab.w2s.tuned import AnyStudent, Tuned

SMALLEST = 1e-3
"""Keeps a constant feature from being blown up."""


@dataclass(frozen=True)
class Secret:
    """A key, and one independent random generator for each purpose."""

    key: bytes
    """At least 16 bytes; whoever holds it can compute everything hidden of the experiment."""

    @classmethod
    def of_seed(cls, seed: int) -> "Secret":
        """The secret of a verify draw."""
        return cls(hmac.digest(b"aarlab w2s verify draw", str(seed).encode(), "sha256"))

    def rng(self, purpose: str) -> np.random.Generator:
        """The same purpose gives the same numbers; one purpose tells nothing of another."""
        return np.random.default_rng(int.from_bytes(keyed_bytes(self.key, "w2s", purpose), "big"))


@dataclass(frozen=True)
class Rules:
    """How strongly the three linear models of an experiment are penalised, and what a task tells."""

    l2: float
    """Of the ceiling."""
    weak_l2: float
    """Of the weak teacher."""
    seconds: float
    """Time of one training."""


@dataclass(frozen=True)
class Items:
    """Some items of a pool, shuffled and turned by secret coins."""

    strong: Array
    """[n, d]"""
    weak: Array
    """[n, d']"""
    prior: Floats
    """[n]"""
    label: Bools
    """[n]"""
    group: Index
    """[n] the pool's group ids."""
    rows: Index
    """[n] where the items stand in the pool."""
    coin: Bools
    """[n] which pairs are turned around."""


@dataclass(frozen=True)
class Scale:
    """Per-dimension standardisation, learnt from inputs only."""

    centre: Floats
    """[d]; zero for pairs, so that a swap stays a change of sign."""
    spread: Floats
    """[d]"""

    @classmethod
    def of(cls, features: Array, *, pairs: bool) -> "Scale":
        """Root mean square for pairs, mean and standard deviation for single answers."""
        values = features.astype(np.float64)
        centre = np.zeros(values.shape[1]) if pairs else values.mean(axis=0)
        return cls(centre, np.sqrt(np.mean((values - centre) ** 2, axis=0)) + SMALLEST)

    def apply(self, features: Array) -> Array:
        """[n, d] standardised."""
        return ((features.astype(np.float64) - self.centre) / self.spread).astype(np.float32)


def deal(pool: Pool, index: Index, secret: Secret, part: str) -> tuple[Index, Bools]:
    """The items of `index` in secret order, and which pairs of them are turned around."""
    order = secret.rng(f"{part} order").permutation(len(index))
    rows = index[order]
    pairs = pool.kind == "pairs"
    coin = secret.rng(f"{part} orientation").integers(0, 2, size=len(rows)) == 1 if pairs else np.zeros(len(rows), bool)
    return rows, coin


def take(pool: Pool, index: Index, secret: Secret, part: str) -> Items:
    """The items of `index` in secret order, pairs in secret orientation."""
    return items_of(pool, *deal(pool, index, secret, part))


def items_of(pool: Pool, rows: Index, coin: Bools) -> Items:
    """The items of `rows` in their order, turned around where the coin says so."""
    sign = np.where(coin, -1.0, 1.0).astype(np.float32)
    return Items(
        strong=pool.strong[rows].astype(np.float32) * sign[:, None],
        weak=pool.weak[rows].astype(np.float32) * sign[:, None],
        prior=pool.prior[rows].astype(np.float64) * sign,
        label=(pool.label[rows] == 1) ^ coin,
        group=np.asarray(pool.group, dtype=np.int64)[rows],
        rows=rows,
        coin=coin,
    )


def rotation(dimension: int, rng: np.random.Generator) -> Floats:
    """A random orthogonal matrix, uniform up to the signs that QR fixes."""
    q, r = np.linalg.qr(rng.standard_normal((dimension, dimension)))
    turned: Floats = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return turned


class World:
    """One experiment: its task, and its hidden test with the answers of weak teacher and ceiling."""

    def __init__(
        self, pool: Pool, trio: Trio, secret: Secret, *, rules: Rules, name: str, test: Items | None = None
    ) -> None:
        """`test` has the hidden items when they were dealt before, instead of those of the trio."""
        self._pool = pool
        self._pairs = pool.kind == "pairs"
        self._rules = rules
        self._secret = secret
        self._name = name
        self._teacher, self._train = (
            take(pool, index, secret, part) for index, part in ((trio.teacher, "teacher"), (trio.train, "train"))
        )
        self._test = take(pool, trio.test, secret, "test") if test is None else test
        self._scale = Scale.of(self._train.strong, pairs=self._pairs)
        self._rotation = rotation(pool.strong.shape[1], secret.rng("rotation")).astype(np.float32)

    def _hidden(self, items: Items) -> Array:
        return self._scale.apply(items.strong) @ self._rotation

    @cached_property
    def _prior_scale(self) -> tuple[float, float]:
        prior = self._train.prior
        centre = 0.0 if self._pairs else float(np.median(prior))
        return centre, float(np.sqrt(np.mean((prior - centre) ** 2))) + SMALLEST

    def _prior(self, items: Items) -> npt.NDArray[np.float32]:
        centre, spread = self._prior_scale
        return ((items.prior - centre) / spread).astype(np.float32)

    @cached_property
    def _weak(self) -> tuple[Scale, Head]:
        """The weak teacher: a head on weak features, trained on its own labelled items."""
        return self._fit_teacher(np.arange(len(self._teacher.label), dtype=np.int64))

    def _fit_teacher(self, rows: Index) -> tuple[Scale, Head]:
        features, target = self._teacher.weak[rows], self._teacher.label[rows].astype(np.float64)
        scale = Scale.of(features, pairs=self._pairs)
        return scale, fit_head(scale.apply(features), target, l2=self._rules.weak_l2, bias=not self._pairs)

    def _weak_logits(self, items: Items) -> Floats:
        scale, head = self._weak
        return head.logits(scale.apply(items.weak))

    @cached_property
    def task(self) -> Task:
        """What a method may see."""
        return Task(
            hidden=self._hidden(self._train),
            teacher=sigmoid(self._weak_logits(self._train)).astype(np.float32),
            prior=self._prior(self._train),
            antisymmetric=self._pairs,
            domain=self._name,
            seconds=self._rules.seconds,
        )

    def task_of(self, variant: Variant) -> Task:
        """The task with its own teacher, or with that of a control. Nothing else differs.

        "shuffled teacher" deals the teacher's labels to other items; "other teacher" has learnt from half of the
        labelled items only, so that it is a little weaker and errs elsewhere.
        """
        if variant == "real":
            return self.task
        rng = self._secret.rng(variant)
        if variant == "shuffled teacher":
            return replace(self.task, teacher=rng.permutation(self.task.teacher))
        return replace(self.task, teacher=sigmoid(self._other_logits(rng)).astype(np.float32))

    def _other_logits(self, rng: np.random.Generator) -> Floats:
        """[n] what the other teacher says of the train inputs."""
        scale, head = self._fit_teacher(rng.permutation(len(self._teacher.label))[::2])
        return head.logits(scale.apply(self._train.weak))

    def publish(self, folder: Path, *, variant: Variant = "real") -> None:
        """Writes what a method may see into an empty folder."""
        self.task_of(variant).save(folder)

    def trained(self, name: str, *, seed: int, **settings: Any) -> AnyStudent:
        """The student of a ready-made method, trained as trusted code. Raises as `Method.__call__`."""
        return METHODS[name](self.task, seed=seed, **settings)

    def read(self, data: bytes) -> AnyStudent:
        """A student that fits the task. Raises ResearcherError(code="malformed")."""
        return Student.from_bytes(data, dimension=self.task.dimension, antisymmetric=self.task.antisymmetric)

    @cached_property
    def test(self) -> Array:
        """[n, d] hidden states of the hidden test."""
        return self._hidden(self._test)

    @property
    def test_prior(self) -> npt.NDArray[np.float32]:
        """[n] zero-shot log-odds of the hidden test, scaled as in the task."""
        return self._prior(self._test)

    @property
    def truth(self) -> Bools:
        """Labels of the train inputs: for the ceiling and for controls, never for a method."""
        return self._train.label

    @cached_property
    def ceiling(self) -> Student:
        """The student that had the true labels."""
        target = self.truth.astype(np.float64)
        head = fit_head(self.task.hidden, target, l2=self._rules.l2, bias=not self._pairs)
        return Student.linear(head.weight, bias=head.bias)

    def answers(self, student: AnyStudent) -> Bools:
        """[n] the class that the student gives each hidden test item. Raises ResearcherError(malformed) on adapters."""
        if isinstance(student, Tuned):
            malformed("a student of the probe backend has heads, not adapters")
        answers: Bools = student.predict(self.test) > 0
        return answers

    def right(self, student: AnyStudent) -> Bools:
        """[n] whether the student answers each hidden test item correctly."""
        return self.right_answers(self.answers(student))

    def right_answers(self, answers: Bools) -> Bools:
        """The same for the class that somebody gives to each hidden item."""
        right: Bools = answers == self._test.label
        return right

    @cached_property
    def marks(self) -> tuple[Bools, Bools]:
        """The same for weak teacher and ceiling."""
        return (self._weak_logits(self._test) > 0) == self._test.label, self.right(self.ceiling)

    @property
    def untrained(self) -> Bools:
        """The same for the strong model's own zero-shot answers: nothing was trained."""
        right: Bools = (self._prior(self._test) > 0) == self._test.label
        return right

    @property
    def constant(self) -> Bools:
        """The same for the answer that is most frequent among the teacher's labelled items, given to every item."""
        right: Bools = self._test.label == self._most_frequent
        return right

    @property
    def _most_frequent(self) -> bool:
        return bool(self._teacher.label.mean() > 0.5)

    @cached_property
    def _margins(self) -> Margins:
        return Margins(self.test, bias=not self._pairs)

    @cached_property
    def _cues(self) -> dict[str, Bools]:
        """What simple rules answer to the hidden test items, turned by the same coins as the items."""
        rows, coin = self._test.rows, self._test.coin
        cues: dict[str, Bools] = {"constant": np.full(len(rows), self._most_frequent)}
        if self._pairs:
            cues["first option"] = np.zeros(len(rows), dtype=np.bool_)
        return cues | {name: (answers[rows] == 1) ^ coin for name, answers in self._pool.cues().items()}

    @cached_property
    def _silent(self) -> dict[str, Bools]:
        """Where they say nothing."""
        rows = self._test.rows
        return {name: answers[rows] < 0 for name, answers in self._pool.cues().items() if (answers[rows] < 0).any()}

    @cached_property
    def _slices(self) -> dict[str, Bools]:
        named = np.array(self._pool.subset)[self._test.rows]
        return {str(name): named == name for name in np.unique(named) if name}

    def sight(self, answers: Bools, *, margin: bool = False) -> Sight:
        """What detectors see of answers [n] to the hidden test; `margin` costs about one training the first time."""
        weak, ceiling = self.marks
        return Sight(
            answers=answers,
            right=answers == self._test.label,
            weak=weak,
            ceiling=ceiling,
            group=self._test.group,
            margin=self._margins.of(answers) if margin else None,
            cues=self._cues,
            silent=self._silent,
            slices=self._slices,
        )

    def outcome(self, transfer: Bools) -> Outcome:
        """A student's answers beside those of the marks, on the same items."""
        weak, ceiling = self.marks
        ood = None if self._pool.ood is None else self._pool.ood[self._test.rows].astype(np.int8)
        return Outcome(group=self._test.group, transfer=transfer, weak=weak, ceiling=ceiling, ood=ood)


def research_world(pool: Pool, splits: Splits, key: bytes, *, rules: Rules, name: str) -> World:
    """The experiment that researchers of a study work on; its test is the dev set."""
    return World(pool, splits.research, Secret(key), rules=rules, name=name)


def verify_world(pool: Pool, splits: Splits, seed: int, *, rules: Rules, name: str, part: Part = "verify") -> World:
    """A fresh experiment from the verify part; a pure function of pool and seed. "final" grades on the final part."""
    secret = Secret.of_seed(seed)
    trio = splits.draw(secret.rng("split"))
    return World(pool, trio if part == "verify" else replace(trio, test=splits.final), secret, rules=rules, name=name)
