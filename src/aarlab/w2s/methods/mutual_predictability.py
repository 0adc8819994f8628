"""Labels that predict each other: the fine-tuning form of internal coherence maximisation."""

import numpy as np

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels, rounds
from aarlab.w2s.methods.settings import one_of
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def mutual_predictability(
    task: Task, *, seed: int, start: str = "prior", turns: int = 4, folds: int = 5, l2: float = L2
) -> AnyStudent:
    """Relabels each fold by heads trained on the other folds, again and again, then trains on the result.

    `start` says where the first labels come from ("prior": zero-shot, or "teacher"); `turns` of relabelling in
    `folds` folds. Swap consistency of pairs holds by construction. Folds are relabelled by heads on either backend;
    `l2` is their weight penalty, `seed` makes the folds. After Wen et al. 2025 (arXiv 2506.10139).
    """
    one_of("start", start, ("prior", "teacher"))
    first = labels.prior(task) if start == "prior" else labels.teacher(task, hard=True)
    refined = rounds.mutual_predictability(task, first, rounds=turns, folds=folds, l2=l2, seed=seed)
    return final.student(task, (refined > 0.5).astype(np.float64), l2=l2, seed=seed)
