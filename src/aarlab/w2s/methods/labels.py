"""Label sources: each gives soft targets [n] in [0, 1] for the task's items, made without any ground truth.

For pairs every source is swap-consistent: exchanging the two responses of an item turns its target t into 1 - t.
"""

import numpy as np

from aarlab.w2s.fit import L2, cross_fit, log_odds, sigmoid
from aarlab.w2s.task import Floats, Task


def scaled(logits: Floats) -> Floats:
    """Logits divided by their root mean square, so that sources of different confidence can be added."""
    size = float(np.sqrt(np.mean(logits**2)))
    return logits / size if size > 0 else logits


def teacher(task: Task, *, hard: bool = False) -> Floats:
    """The weak teacher's labels; `hard` rounds them."""
    return task.hard if hard else task.teacher.astype(np.float64)


def prior(task: Task, *, hard: bool = True, sharpness: float = 1.0) -> Floats:
    """The strong model's zero-shot labels; soft ones are sigmoid(sharpness * prior)."""
    logits = task.prior.astype(np.float64)
    return (logits > 0).astype(np.float64) if hard else sigmoid(sharpness * logits)


def product(task: Task, *, teacher_share: float = 0.5, sharpness: float = 3.0) -> Floats:
    """Product of experts: sigmoid(sharpness * (share * teacher + (1 - share) * prior)), both as unit-size log-odds."""
    weak, own = scaled(log_odds(task.teacher)), scaled(task.prior.astype(np.float64))
    return sigmoid(sharpness * (teacher_share * weak + (1 - teacher_share) * own))


def student(task: Task, target: Floats, *, folds: int = 5, l2: float = L2, seed: int = 0) -> Floats:
    """What cross-fitted heads trained on `target` say of the items they did not see, as probabilities."""
    return sigmoid(cross_fit(task.hidden, target, l2=l2, bias=not task.antisymmetric, folds=folds, seed=seed))


def matched(task: Task, target: Floats, *, like: Floats) -> Floats:
    """Shifts the log-odds of single answers so that class 1 is as frequent as in `like`; pairs stay as they are.

    Without it a small imbalance of the teacher grows with every round of relabelling, until one class is left.
    """
    if task.antisymmetric:
        return target
    logits = log_odds(target)
    return sigmoid(logits - float(np.quantile(logits, 1 - (like > 0.5).mean())))


def neighbours(task: Task, target: Floats, *, k: int = 50) -> Floats:
    """Mean target of the k nearest items by cosine (the item itself left out).

    For pairs an item and its swap are the same item: neighbours are looked for on both sides, at the opposite side
    with the opposite label. Single answers keep the class balance of `target`.
    """
    unit = task.hidden / np.maximum(np.linalg.norm(task.hidden, axis=1, keepdims=True), 1e-12)
    k = min(k, task.items - 1)
    smooth = np.empty(task.items)
    for begin in range(0, task.items, 1024):
        rows = np.arange(begin, min(begin + 1024, task.items))
        cosine = unit[rows] @ unit.T
        nearness = np.abs(cosine) if task.antisymmetric else cosine.copy()
        nearness[np.arange(len(rows)), rows] = -np.inf
        near = np.argpartition(-nearness, k - 1, axis=1)[:, :k]
        found = target[near]
        if task.antisymmetric:
            found = np.where(np.take_along_axis(cosine, near, axis=1) > 0, found, 1 - found)
        smooth[rows] = found.mean(axis=1)
    return matched(task, smooth, like=target)


def em_posterior(
    task: Task, *, start: str = "prior", rounds: int = 3, bins: int = 5, l2: float = L2, seed: int = 0
) -> Floats:
    """P(true label | teacher's label, strong model) under a noisy channel, by expectation maximisation.

    The teacher's hard label is right with a probability that depends on the bin of its confidence. `start` says who
    gives the first P(true label): "prior" (zero-shot) or "student" (cross-fitted on the teacher's labels). Each
    further round takes it from heads cross-fitted on the posterior.
    """
    if start not in ("prior", "student"):
        raise ValueError(f'start must be "prior" or "student", not {start!r}')
    edges = np.quantile(np.abs(task.teacher - 0.5), np.linspace(0, 1, bins + 1)[1:-1])
    which = np.searchsorted(edges, np.abs(task.teacher - 0.5))
    first = task.prior.astype(np.float64) if start == "prior" else log_odds(student(task, task.hard, l2=l2, seed=seed))
    posterior = _channel(scaled(first), task.hard, which)
    for turn in range(1, rounds):
        own = matched(task, student(task, posterior, l2=l2, seed=seed + turn), like=posterior)
        posterior = _channel(scaled(log_odds(own)), task.hard, which)
    return posterior


def _channel(logits: Floats, hard: Floats, which: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> Floats:
    """Five steps of EM for the teacher's accuracy in each bin, given P(true label) = sigmoid(logits)."""
    count = np.maximum(np.bincount(which), 1)
    posterior = sigmoid(logits)
    for _ in range(5):
        agreement = np.where(hard == 1, posterior, 1 - posterior)
        accuracy = np.clip(np.bincount(which, weights=agreement) / count, 0.5, 0.95)[which]
        posterior = sigmoid(logits + np.where(hard == 1, 1, -1) * np.log(accuracy / (1 - accuracy)))
    return posterior
