"""Self-training and co-teaching."""

import numpy as np

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels, rounds
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def self_training(
    task: Task, *, seed: int, turns: int = 3, keep: float = 0.5, partner: bool = False, l2: float = L2
) -> AnyStudent:
    """Cross-fitted labels, then `turns` rounds of training on the student's own most confident share `keep`.

    `partner` is co-teaching instead (Han et al. 2018): two students drop each other's items of highest loss.
    All but the last fit are heads on either backend. `l2` weight penalty of heads; `seed` makes folds and halves.
    """
    start = labels.teacher(task, hard=True)
    if partner:
        return final.student(task, start, weight=rounds.co_teaching(task, start, l2=l2, seed=seed), l2=l2, seed=seed)
    refined = rounds.self_training(task, start, rounds=turns, keep=keep, l2=l2, seed=seed)
    return final.student(task, (refined > 0.5).astype(np.float64), l2=l2, seed=seed)
