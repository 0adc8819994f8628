"""Label smoothing and early stopping: two ways of not learning the teacher's last error."""

import math

import numpy as np

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final
from aarlab.w2s.task import Floats, Task
from aarlab.w2s.tuned import AnyStudent

LONGEST = 30
"""Passes over the items by which a head has long been stopped."""


def label_smoothing(task: Task, *, seed: int, smoothing: float = 0.2, l2: float = L2) -> AnyStudent:
    """Cross-entropy on (1 - s) y + s / 2 for the teacher's hard labels y, s = `smoothing` (Szegedy et al. 2016).

    `l2` weight penalty of a head, which is deterministic; `seed` is that of an adapter.
    """
    return final.student(task, (1 - smoothing) * task.hard + smoothing / 2, l2=l2, seed=seed)


def early_stopping(
    task: Task,
    *,
    seed: int,
    held_out: float = 0.2,
    patience: int = 3,
    epochs: int | None = None,
    rate: float = 1e-3,
    l2: float = L2 / 10,
) -> AnyStudent:
    """Keeps the epoch of lowest loss on held-out items, judged by the teacher's labels, as there are no others.

    On hard labels, at most `epochs` (None: 30 for a head, the task's own for an adapter), until `patience` epochs in a
    row brought nothing on the share `held_out`. A head has Adam at `rate`, begun anew each epoch, and a tenth of the
    usual weight penalty `l2`, as stopping takes its place; an adapter goes through the task's course of rates in each
    epoch. `seed` divides the items and orders the batches.
    """
    away = np.random.default_rng(seed).random(task.items) < held_out
    best: final.Fitted | None = None
    now, least, since = best, float("inf"), 0
    for epoch in range(math.ceil(final.passes(task, epochs, heads=LONGEST))):
        now = final.continued(task, task.hard, among=~away, seed=seed + epoch, epochs=1, rate=rate, l2=l2, start=now)
        loss = _loss(final.logits(task, now, among=away), task.hard[away])
        best, least, since = (now, loss, 0) if best is None or loss < least else (best, least, since + 1)
        if since >= patience:
            break
    assert best is not None
    return final.finished(best)


def _loss(logits: Floats, hard: Floats) -> float:
    return float(np.logaddexp(0, -(2 * hard - 1) * logits).mean())
