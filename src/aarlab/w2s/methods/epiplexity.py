"""Label smoothing where there is little to learn."""

import numpy as np

from aarlab.w2s.fit import L2, fit_minibatch
from aarlab.w2s.methods import heads, labels
from aarlab.w2s.student import Student
from aarlab.w2s.task import Floats, Task


def epiplexity(
    task: Task, *, seed: int, share: float = 0.4, gamma: float = 2.0, epochs: int = 5, l2: float = L2
) -> Student:
    """Smooths the labels of items whose loss falls least while a student learns them, then trains on all.

    Labels are two-fold out-of-fold soft labels. An item's drop is its loss on the teacher's hard label at the first
    encounter minus that at the last one in `epochs` of Adam: near zero for noise and for what was never learnt. The
    `share` of lowest drop is moved towards 1/2 by ((r + 1) / m)^gamma, `gamma` >= 0, r the rank from the highest drop
    of the m chosen. `l2` weight penalty; `seed` makes folds and batches. A method of the study of automated
    researchers, after epiplexity (arXiv 2601.03220): what a bounded learner can learn of data.
    """
    soft = labels.matched(task, labels.student(task, task.hard, folds=2, l2=l2, seed=seed), like=task.hard)
    drop = _loss_drop(task, seed=seed, epochs=epochs, l2=l2)
    chosen = np.argsort(drop, kind="stable")[: round(share * task.items)][::-1]
    strength = np.zeros(task.items)
    strength[chosen] = (np.arange(1, len(chosen) + 1) / max(len(chosen), 1)) ** gamma
    return heads.linear(task, soft + strength * (0.5 - soft), l2=l2)


def _loss_drop(task: Task, *, seed: int, epochs: int, l2: float) -> Floats:
    """[n] loss at the first encounter minus loss at the last, as training sees them."""
    first, last = np.full(task.items, np.nan), np.empty(task.items)

    def watch(logits: Floats, numbers: Floats, _done: float) -> Floats:
        rows = numbers.astype(np.int64)
        last[rows] = np.logaddexp(0, -(2 * task.hard[rows] - 1) * logits)
        first[rows] = np.where(np.isnan(first[rows]), last[rows], first[rows])
        return task.hard[rows]

    numbers = np.arange(task.items, dtype=np.float64)  # in place of targets, so that losses find their items
    fit_minibatch(task.hidden, numbers, retarget=watch, seed=seed, l2=l2, bias=not task.antisymmetric, epochs=epochs)
    return first - last
