"""Label smoothing where there is little to learn."""

import numpy as np

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent

PASSES = 5
"""Of Adam on a head, for want of a recipe."""


def epiplexity(
    task: Task, *, seed: int, share: float = 0.4, gamma: float = 2.0, epochs: int | None = None, l2: float = L2
) -> AnyStudent:
    """Smooths the labels of items whose loss falls least while a student learns them, then trains on all.

    Labels are two-fold out-of-fold soft labels. An item's drop is its loss on the teacher's hard label at the first
    encounter minus that at the last one in `epochs` of training (None: 5 for a head; the task's own for an adapter,
    which is a training more): near zero for noise and for what was never learnt. The `share` of lowest drop is moved
    towards 1/2 by ((r + 1) / m)^gamma, `gamma` >= 0, r the rank from the highest drop of the m chosen. `l2` weight
    penalty of heads; `seed` makes folds and batches. A method of the study of automated researchers, after epiplexity
    (arXiv 2601.03220): what a bounded learner can learn of data.
    """
    soft = labels.matched(task, labels.student(task, task.hard, folds=2, l2=l2, seed=seed), like=task.hard)
    first, last = final.losses(task, task.hard, seed=seed, epochs=final.passes(task, epochs, heads=PASSES), l2=l2)
    drop = first - last
    chosen = np.argsort(drop, kind="stable")[: round(share * task.items)][::-1]
    strength = np.zeros(task.items)
    strength[chosen] = (np.arange(1, len(chosen) + 1) / max(len(chosen), 1)) ** gamma
    return final.student(task, soft + strength * (0.5 - soft), l2=l2, seed=seed)
