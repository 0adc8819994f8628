"""Losses whose target moves with the student: auxiliary confidence and product confidence."""

import numpy as np

from aarlab.w2s.fit import L2, fit_minibatch, log_odds, sigmoid
from aarlab.w2s.strong import Retarget
from aarlab.w2s.student import Student
from aarlab.w2s.task import Floats, Task


def auxiliary_confidence(
    task: Task,
    *,
    seed: int,
    alpha: float = 0.5,
    warmup: float = 0.1,
    harden: bool = True,
    epochs: int = 15,
    l2: float = L2,
) -> Student:
    """(1 - a) CE(w, p) + a CE([p > t], p): trusts the student's own hardened guess more and more (Burns et al. 2023).

    a grows linearly from 0 to `alpha` over the share `warmup` of training; t makes the classes of [p > t] as frequent
    in the batch as the teacher has them (for pairs, whose swaps balance every batch, t = 1/2). Without `harden` the
    target is p itself: an entropy penalty. `epochs` of Adam, `l2` weight penalty, `seed` orders the batches.
    """
    mix = _confidence(alpha, warmup=warmup, harden=harden, balanced=task.antisymmetric)
    return _train(task, mix, seed=seed, epochs=epochs, l2=l2)


def product_confidence(
    task: Task, *, seed: int, student_power: float = 1.0, teacher_power: float = 1.0, epochs: int = 15, l2: float = L2
) -> Student:
    """Cross-entropy on a target proportional to p^a w^b, which is not differentiated through.

    a is `student_power`, b is `teacher_power`. `epochs` of Adam, `l2` weight penalty, `seed` orders the batches.
    A baseline of the study of automated researchers.
    """

    def retarget(logits: Floats, target: Floats, _done: float) -> Floats:
        return sigmoid(student_power * logits + teacher_power * log_odds(target))

    return _train(task, retarget, seed=seed, epochs=epochs, l2=l2)


def _confidence(alpha: float, *, warmup: float, harden: bool, balanced: bool) -> Retarget:
    def retarget(logits: Floats, target: Floats, done: float) -> Floats:
        a = alpha * min(1.0, done / warmup) if warmup > 0 else alpha
        threshold = 0.0 if balanced else float(np.quantile(logits, 1 - target.mean()))
        own = (logits >= threshold).astype(np.float64) if harden else sigmoid(logits)
        return (1 - a) * target + a * own

    return retarget


def _train(task: Task, retarget: Retarget, *, seed: int, epochs: int, l2: float) -> Student:
    target, bias = task.teacher.astype(np.float64), not task.antisymmetric
    head = fit_minibatch(task.hidden, target, retarget=retarget, seed=seed, l2=l2, bias=bias, epochs=epochs)
    return Student.linear(head.weight, bias=head.bias)
