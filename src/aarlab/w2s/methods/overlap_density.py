"""Data filtering by how well an item's label fits its surroundings."""

import numpy as np

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels, select
from aarlab.w2s.task import Array, Floats, Task
from aarlab.w2s.tuned import AnyStudent


def overlap_density(task: Task, *, seed: int, share: float = 0.5, k: int = 20, l2: float = L2) -> AnyStudent:
    """Trains on the `share` of items (half of each class) with the highest overlap density.

    Overlap density is a sum of four z-scores: P(teacher's label) under heads cross-fitted on the teacher's labels;
    share of the `k` nearest items with the same label; mean cosine to those (local density); minus the distance of the
    label's entropy H(w) from ln(2) / 2, so that items are neither trivial nor a coin's. `l2` weight penalty of
    heads; `seed` makes the folds. A method of the study of automated researchers.
    """
    own = labels.student(task, task.hard, l2=l2, seed=seed)
    near, cosine = labels.nearest(task, k=k)
    w = np.clip(task.teacher.astype(np.float64), 1e-6, 1 - 1e-6)
    entropy = -(w * np.log(w) + (1 - w) * np.log1p(-w))
    same = _turned(task.hard[near], cosine, task.antisymmetric) == task.hard[:, None]
    score = (
        _z(np.where(task.hard == 1, own, 1 - own))
        + _z(same.mean(axis=1))
        + _z(np.abs(cosine).mean(axis=1))
        - _z(np.abs(entropy - np.log(2) / 2))
    )
    return final.student(
        task, task.hard, weight=select.best(task, score, classes=task.hard, share=share), l2=l2, seed=seed
    )


def _turned(label: Floats, cosine: Array, pairs: bool) -> Floats:
    """Labels of neighbours as seen from the item: at the opposite side of a pair, the opposite label."""
    return np.where(cosine > 0, label, 1 - label) if pairs else label


def _z(values: Floats) -> Floats:
    spread = float(values.std())
    scored: Floats = (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)
    return scored
