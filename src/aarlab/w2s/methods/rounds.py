"""Refinement rounds: labels in, labels out. They sharpen whatever direction is salient, which need not be the truth."""

import numpy as np

from aarlab.w2s.fit import L2, fit_head, sigmoid
from aarlab.w2s.methods import labels, select
from aarlab.w2s.task import Floats, Task


def self_training(
    task: Task, target: Floats, *, rounds: int = 3, keep: float = 0.5, l2: float = L2, seed: int = 0
) -> Floats:
    """Trains on the student's own most confident labels, again and again; returns its soft labels.

    The first labels are cross-fitted, so that the student cannot merely repeat what it was given.
    """
    current = labels.matched(task, labels.student(task, target, l2=l2, seed=seed), like=target)
    for _ in range(rounds):
        chosen = select.top(task, current, share=keep)
        hard = (current > 0.5).astype(np.float64)
        head = fit_head(task.hidden, hard, weight=chosen, l2=l2, bias=not task.antisymmetric)
        current = labels.matched(task, sigmoid(head.logits(task.hidden)), like=target)
    return current


def mutual_predictability(
    task: Task, target: Floats, *, rounds: int = 4, folds: int = 5, l2: float = L2, seed: int = 0
) -> Floats:
    """Relabels each fold by heads trained on the other folds' labels: keeps what the items predict of each other."""
    current = target
    for turn in range(rounds):
        hard = (current > 0.5).astype(np.float64)
        predicted = labels.student(task, hard, folds=folds, l2=l2, seed=seed + turn)
        current = labels.matched(task, predicted, like=target)
    return current


def co_teaching(
    task: Task, target: Floats, *, rounds: int = 5, drop: float = 0.3, l2: float = L2, seed: int = 0
) -> Floats:
    """Item weights: two students on random halves drop, for each other, the share of items of highest loss."""
    hard = (target > 0.5).astype(np.float64)
    half = np.random.default_rng(seed).random(task.items) < 0.5
    halves = (half, ~half)
    keep = [np.ones(task.items), np.ones(task.items)]
    for turn in range(1, rounds + 1):
        students = [
            fit_head(task.hidden, hard, weight=keep[i] * halves[i], l2=l2, bias=not task.antisymmetric) for i in (0, 1)
        ]
        for i in (0, 1):
            loss = np.logaddexp(0, -(2 * hard - 1) * students[1 - i].logits(task.hidden))
            keep[i] = (loss <= np.quantile(loss, 1 - drop * turn / rounds)).astype(np.float64)
    both: Floats = keep[0] * keep[1]
    return both if both.any() else np.ones(task.items)
