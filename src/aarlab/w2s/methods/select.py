"""Selections: each gives item weights [n] >= 0 for training. Multiply two of them to apply both."""

import numpy as np

from aarlab.w2s.task import Bools, Floats, Task


def everything(task: Task) -> Floats:
    """Every item counts the same."""
    return np.ones(task.items)


def top(task: Task, target: Floats, *, share: float = 0.5) -> Floats:
    """The most confident `share` of the items by |target - 1/2|; for single answers that share of each class."""
    return best(task, np.abs(target - 0.5), classes=target, share=share)


def best(task: Task, score: Floats, *, classes: Floats, share: float = 0.5) -> Floats:
    """The `share` of the items with the highest score; for single answers that share of each class."""
    if task.antisymmetric:
        return _highest(score, np.ones(task.items, dtype=bool), share)
    return _highest(score, classes > 0.5, share) + _highest(score, classes <= 0.5, share)


def _highest(score: Floats, among: Bools, share: float) -> Floats:
    """1.0 for the best `share` of `among`, at least one item of it if there is any; ties by position."""
    rows = np.flatnonzero(among)
    keep = max(round(share * len(rows)), min(1, len(rows)))
    chosen = np.zeros(len(score))
    chosen[rows[np.argsort(-score[rows], kind="stable")[:keep]]] = 1.0
    return chosen


def confident(task: Task, target: Floats, *, above: float = 0.75, at_least: int = 50) -> Floats:
    """Items with max(t, 1 - t) >= above; the top 30 % where those are fewer than `at_least` or of one class only."""
    chosen = np.maximum(target, 1 - target) >= above
    classes = len(set((target[chosen] > 0.5).tolist()))
    if chosen.sum() < min(at_least, task.items) or (classes < 2 and not task.antisymmetric):
        return top(task, target, share=0.3)
    return chosen.astype(np.float64)


def bootstrap(task: Task, *, members: int, weight: Floats | None = None, seed: int = 0) -> Floats:
    """[members, n] how often each item was drawn in as many draws as there are items, times its `weight`."""
    counts = np.random.default_rng(seed).multinomial(task.items, np.full(task.items, 1 / task.items), size=members)
    weights = counts.astype(np.float64) * (1.0 if weight is None else weight)
    weights[~weights.any(axis=1)] = 1.0 if weight is None else weight
    return weights


def agree(first: Floats, second: Floats) -> Floats:
    """Items on which two label sources say the same class."""
    same: Bools = (first > 0.5) == (second > 0.5)
    return same.astype(np.float64)


def by_confidence(target: Floats) -> Floats:
    """Weight |2t - 1|, never quite zero."""
    weight: Floats = np.abs(2 * target - 1) + 1e-3
    return weight
