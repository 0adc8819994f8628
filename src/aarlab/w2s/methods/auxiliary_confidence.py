"""Losses whose target moves with the student: auxiliary confidence and product confidence."""

import numpy as np

from aarlab.w2s.fit import L2, log_odds, sigmoid
from aarlab.w2s.methods import final, labels
from aarlab.w2s.strong import Retarget
from aarlab.w2s.task import Floats, Task
from aarlab.w2s.tuned import AnyStudent


def auxiliary_confidence(
    task: Task,
    *,
    seed: int,
    alpha: float = 0.5,
    warmup: float = 0.1,
    harden: bool = True,
    epochs: int | None = None,
    l2: float = L2,
) -> AnyStudent:
    """(1 - a) CE(w, p) + a CE([p > t], p): trusts the student's own hardened guess more and more (Burns et al. 2023).

    a grows linearly from 0 to `alpha` over the share `warmup` of training; t makes the classes of [p > t] as frequent
    in the batch as the teacher has them (for pairs, whose swaps balance every batch, t = 1/2). Without `harden` the
    target is p itself: an entropy penalty. `epochs` of training (None: 15 for a head, the task's own for an
    adapter), `l2` weight penalty of a head, `seed` orders the batches.
    """
    mix = confidence_target(alpha, warmup=warmup, harden=harden, balanced=task.antisymmetric)
    return final.moving(task, labels.teacher(task), retarget=mix, seed=seed, epochs=epochs, l2=l2)


def product_confidence(
    task: Task,
    *,
    seed: int,
    student_power: float = 1.0,
    teacher_power: float = 1.0,
    epochs: int | None = None,
    l2: float = L2,
) -> AnyStudent:
    """Cross-entropy on a target proportional to p^a w^b, which is not differentiated through.

    a is `student_power`, b is `teacher_power`. `epochs` of training (None: 15 for a head, the task's own for an
    adapter), `l2` weight penalty of a head, `seed` orders the batches.
    A baseline of the study of automated researchers.
    """

    def retarget(logits: Floats, target: Floats, _done: float) -> Floats:
        return sigmoid(student_power * logits + teacher_power * log_odds(target))

    return final.moving(task, labels.teacher(task), retarget=retarget, seed=seed, epochs=epochs, l2=l2)


def confidence_target(
    alpha: float = 0.5, *, warmup: float = 0.1, harden: bool = True, balanced: bool = False
) -> Retarget:
    """How `auxiliary_confidence` moves targets; `balanced`: the threshold is 1/2, not the teacher's share."""

    def retarget(logits: Floats, target: Floats, done: float) -> Floats:
        a = alpha * min(1.0, done / warmup) if warmup > 0 else alpha
        threshold = 0.0 if balanced else float(np.quantile(logits, 1 - target.mean()))
        own = (logits >= threshold).astype(np.float64) if harden else sigmoid(logits)
        return (1 - a) * target + a * own

    return retarget
