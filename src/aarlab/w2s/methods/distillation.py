"""Distillation beyond cross-entropy: reverse Kullback-Leibler divergence and born-again generations."""

import numpy as np

from aarlab.w2s.fit import L2, fit_head, fit_minibatch, log_odds, sigmoid
from aarlab.w2s.methods import heads, labels
from aarlab.w2s.student import Student
from aarlab.w2s.task import Floats, Task


def reverse_kl(
    task: Task, *, seed: int, temperature: float = 1.0, epochs: int = 15, rate: float = 3e-3, l2: float = L2
) -> Student:
    """Minimises KL(p || w) instead of KL(w || p): the student seeks one of the teacher's modes, not to cover both.

    The gradient in the student's logit z is p (1 - p) (z - logit(w) / `temperature`): items of which the student is
    sure no longer pull. `epochs` of Adam at `rate`, `l2` weight penalty, `seed` orders the batches. Reverse KL in
    distillation: Gu et al. 2024 (MiniLLM); in weak-to-strong: arXiv 2502.11107.
    """

    def retarget(logits: Floats, target: Floats, _done: float) -> Floats:
        p = sigmoid(logits)
        return p - p * (1 - p) * (logits - log_odds(target) / temperature)  # p - this is the gradient above

    soft, bias = labels.teacher(task), not task.antisymmetric
    head = fit_minibatch(task.hidden, soft, retarget=retarget, seed=seed, l2=l2, bias=bias, epochs=epochs, rate=rate)
    return Student.linear(head.weight, bias=head.bias)


def born_again(task: Task, *, seed: int, turns: int = 3, sharpness: float = 4.0, l2: float = L2) -> Student:
    """Generations of equal students, each trained on its predecessor's soft labels (Furlanello et al. 2018).

    The first learns the teacher's hard labels; `turns` further ones learn sigmoid(sharpness * z), z the predecessor's
    logits at unit size: a penalised head is so unsure of itself that with `sharpness` below 1 nothing would be left to
    learn. `l2` weight penalty. Deterministic: `seed` is not used.
    """
    del seed
    target = task.hard
    for _ in range(turns):
        logits = fit_head(task.hidden, target, l2=l2, bias=not task.antisymmetric).logits(task.hidden)
        target = labels.matched(task, sigmoid(sharpness * labels.scaled(logits)), like=task.hard)
    return heads.linear(task, np.asarray(target), l2=l2)
