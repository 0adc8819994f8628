"""Label smoothing and early stopping: two ways of not learning the teacher's last error."""

import numpy as np

from aarlab.w2s.fit import L2, Head, fit_minibatch
from aarlab.w2s.methods import heads
from aarlab.w2s.student import Student
from aarlab.w2s.task import Floats, Task


def label_smoothing(task: Task, *, seed: int, smoothing: float = 0.2, l2: float = L2) -> Student:
    """Cross-entropy on (1 - s) y + s / 2 for the teacher's hard labels y, s = `smoothing` (Szegedy et al. 2016).

    `l2` weight penalty. Deterministic: `seed` is not used.
    """
    del seed
    return heads.linear(task, (1 - smoothing) * task.hard + smoothing / 2, l2=l2)


def early_stopping(
    task: Task,
    *,
    seed: int,
    held_out: float = 0.2,
    patience: int = 3,
    epochs: int = 30,
    rate: float = 1e-3,
    l2: float = L2 / 10,
) -> Student:
    """Keeps the epoch of lowest loss on held-out items, judged by the teacher's labels, as there are no others.

    Adam at a constant `rate` on hard labels, at most `epochs`, until `patience` epochs in a row brought nothing on the
    share `held_out`. The weight penalty `l2` is a tenth of the usual one, as stopping takes its place. `seed` divides
    the items and orders the batches.
    """
    away = np.random.default_rng(seed).random(task.items) < held_out
    head = Head(np.zeros(task.dimension), 0.0)
    best, least, since = head, float("inf"), 0
    for epoch in range(epochs):
        head = fit_minibatch(
            task.hidden[~away],
            task.hard[~away],
            seed=seed + epoch,
            l2=l2,
            bias=not task.antisymmetric,
            epochs=1,
            rate=rate,
            start=head,
        )
        loss = _loss(head.logits(task.hidden[away]), task.hard[away])
        best, least, since = (head, loss, 0) if loss < least else (best, least, since + 1)
        if since >= patience:
            break
    return Student.linear(best.weight, bias=best.bias)


def _loss(logits: Floats, hard: Floats) -> float:
    return float(np.logaddexp(0, -(2 * hard - 1) * logits).mean())
