"""Ready-made ways to remove sycophancy: from a Task to a Student, linear heads on the 1 + d numbers of an input.

The model itself is the student (1, 0, ..., 0): it answers by its own log-odds.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aarlab.errors import ResearcherError
from aarlab.sycophancy.task import Task
from aarlab.w2s.fit import fit_head
from aarlab.w2s.methods.ccs import ccs as contrast_consistent
from aarlab.w2s.student import Student
from aarlab.w2s.task import Array, Floats

Choices = Mapping[str, tuple[Any, ...]]
L2 = (0.1, 1.0, 3.0, 10.0, 30.0)
"""Weight penalties to choose from. A small one goes further than the failure: the student contradicts the user."""


def do_nothing(task: Task, *, seed: int) -> Student:
    """The model's own answer, opinion and all: the base that every score is counted from.

    Deterministic: `seed` is not used.
    """
    del seed
    return Student.linear(_unit(task.width))


def mean_difference(task: Task, *, seed: int, strength: float = 1.0) -> Student:
    """Takes one direction out of the model's answer: what an opinion adds to the states, on average.

    The direction is the mean of stance * (told - plain) (as in contrastive activation addition, Rimsky et al. 2024, and
    directional ablation, Arditi et al. 2024). How much of the answer it carries is a least-squares slope of (own answer
    with an opinion - without) on it; `strength` times that is subtracted. Deterministic: `seed` is not used.
    """
    del seed
    direction = _opinion(task)
    along = task.told[:, 1:] @ direction
    slope = float(along @ (task.own - task.plain_own) / max(float(along @ along), 1e-12))
    weight = _unit(task.width)
    weight[1:] = -strength * slope * direction
    return Student.linear(weight)


def consistency(task: Task, *, seed: int, l2: float = 10.0, soft: bool = False) -> Student:
    """Trains on the model's own answers without an opinion, with the opinion there and without it.

    Bias-augmented consistency training (Chua et al. 2024) as a linear head; needs no label. `soft` keeps the
    probabilities instead of the answers. Deterministic: `seed` is not used.
    """
    del seed
    believed = task.plain_own
    target = 1 / (1 + np.exp(-believed)) if soft else (believed > 0).astype(np.float64)
    return _both(task, target, l2=l2)


def erased_consistency(task: Task, *, seed: int, l2: float = 10.0, directions: int = 1) -> Student:
    """As `consistency`, after the directions that tell the user's opinion are projected out of the states.

    Iterative nullspace projection (Ravfogel et al. 2020): fit a head on the stance, project it out, `directions` times.
    Deterministic: `seed` is not used.
    """
    del seed
    basis = _stance_basis(task, count=directions)
    told, plain = (_without(inputs, basis) for inputs in (task.told, task.plain))
    target = (task.plain_own > 0).astype(np.float64)
    weight = _weight(np.concatenate([told, plain]), np.concatenate([target, target]), l2=l2)
    return Student.linear(_without(weight[None], basis)[0])


def few_labels(task: Task, *, seed: int, l2: float = 0.1) -> Student:
    """A logistic probe on the few labelled items (Alain and Bengio 2016). They are biased: mostly the user was right.

    Deterministic: `seed` is not used.
    """
    del seed
    rows = _labelled(task)
    return _head(task.told[rows], task.label[rows].astype(np.float64), l2=l2)


def plain_labels(task: Task, *, seed: int, l2: float = 0.1) -> Student:
    """The probe of `few_labels` trained where nobody says an opinion, so that none can be learnt.

    Deterministic: `seed` is not used.
    """
    del seed
    rows = _labelled(task)
    return _head(task.plain[rows], task.label[rows].astype(np.float64), l2=l2)


def all_labels(task: Task, *, seed: int, l2: float = 10.0) -> Student:
    """As `consistency`, with the truth instead: for a task whose items are all labelled: the lab's mark.

    Deterministic: `seed` is not used.
    """
    del seed
    return _both(task, task.label.astype(np.float64), l2=l2)


def ccs(task: Task, *, seed: int, tries: int = 4) -> Student:
    """Contrast-consistent search (Burns et al. 2022) on the inputs after an opinion, its sign by plain answers.

    It finds what is most salient, and an opinion is salient. `tries` starts, drawn by `seed`.
    """
    return contrast_consistent(task.as_weak_to_strong(), seed=seed, tries=tries)


@dataclass(frozen=True)
class Method:
    """A named method."""

    train: Callable[..., Student]
    """train(task, seed=..., **settings)"""
    family: str
    """One of aarlab.w2s.methods.FAMILIES."""
    choices: Choices = field(default_factory=dict)
    """Settings with the values that a search should try."""
    labels: bool = False
    """Whether it needs labelled items."""

    @property
    def summary(self) -> str:
        """First line of the documentation."""
        return inspect.cleandoc(self.train.__doc__ or "").splitlines()[0]

    def __call__(self, task: Task, *, seed: int, **settings: Any) -> Student:
        """Trains."""
        return self.train(task, seed=seed, **settings)


METHODS: Mapping[str, Method] = {
    "do_nothing": Method(do_nothing, "other"),
    "mean_difference": Method(mean_difference, "model internal", {"strength": (0.5, 1.0, 1.5, 2.0)}),
    "consistency": Method(consistency, "self-training", {"l2": L2, "soft": (False, True)}),
    "erased_consistency": Method(erased_consistency, "model internal", {"l2": L2, "directions": (1, 2, 4, 8)}),
    "few_labels": Method(few_labels, "other", {"l2": L2}, labels=True),
    "plain_labels": Method(plain_labels, "data filtering", {"l2": L2}, labels=True),
    "ccs": Method(ccs, "unsupervised elicitation", {"tries": (1, 4, 16)}),
}
"""All of them by name."""


def usable(*, labels: int) -> dict[str, Method]:
    """Those that a task with so many labelled items can serve."""
    return {name: one for name, one in METHODS.items() if labels or not one.labels}


def _unit(width: int) -> Floats:
    """The model's own answer."""
    weight = np.zeros(width)
    weight[0] = 1.0
    return weight


def _opinion(task: Task) -> Floats:
    """[d] unit vector of what an opinion adds to the states."""
    added = (task.stance[:, None] * (task.told - task.plain)[:, 1:]).mean(axis=0).astype(np.float64)
    direction: Floats = added / max(float(np.linalg.norm(added)), 1e-12)
    return direction


def _stance_basis(task: Task, *, count: int) -> Floats:
    """[count, 1 + d] orthonormal directions of the states from which the stance can be read."""
    basis = np.zeros((0, task.width))
    target = (task.stance > 0).astype(np.float64)
    for _ in range(count):
        inputs = _without(task.told, basis)
        inputs[:, 0] = 0  # the model's own answer is kept
        found = _weight(inputs, target, l2=0.1)
        basis = np.concatenate([basis, found[None] / max(float(np.linalg.norm(found)), 1e-12)])
    return basis


def _without(inputs: Array | Floats, basis: Floats) -> Array:
    """Rows without their part along orthonormal directions."""
    return (inputs - (inputs @ basis.T) @ basis).astype(np.float32)


def _weight(inputs: Array, target: Floats, *, l2: float) -> Floats:
    return fit_head(inputs, target, l2=l2, bias=False).weight


def _head(inputs: Array, target: Floats, *, l2: float) -> Student:
    return Student.linear(_weight(inputs, target, l2=l2))


def _both(task: Task, target: Floats, *, l2: float) -> Student:
    """A head on the inputs with an opinion and without one, for the same targets."""
    return _head(np.concatenate([task.told, task.plain]), np.concatenate([target, target]), l2=l2)


def _labelled(task: Task) -> Any:
    rows = task.labelled
    if not len(rows):
        raise ResearcherError("no item of this task has a label")
    return rows
