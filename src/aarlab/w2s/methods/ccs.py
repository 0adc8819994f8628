"""Directions found without labels: contrast-consistent search and the first principal component."""

import numpy as np

from aarlab.w2s.fit import Adam, sigmoid
from aarlab.w2s.student import Student
from aarlab.w2s.task import Array, Floats, Task


def ccs(task: Task, *, seed: int, tries: int = 4, steps: int = 200, rate: float = 1e-2, decay: float = 1e-2) -> Student:
    """Minimises (p(x) + p(x~) - 1)^2 + min(p(x), p(x~))^2 over a linear probe (Burns et al. 2022); sign by the teacher.

    The contrast of an item x with features h is x~ with features -h (for pairs: the swap), so consistency holds by
    construction and only confidence is left to find. Of `tries` starts the lowest loss is kept. It finds whatever is
    salient: an honest negative baseline. `steps` of Adam at `rate` with weight `decay`; `seed` draws the starts.
    """
    starts = np.random.default_rng(seed).standard_normal((tries, task.dimension))
    starts /= np.linalg.norm(starts, axis=1, keepdims=True)
    adam = Adam(starts.ravel())
    for _ in range(steps):
        heads = adam.at.reshape(starts.shape)
        _, gradient = _unconfidence(task.hidden, heads)
        adam.step((gradient + decay * heads).ravel(), rate)
    heads = adam.at.reshape(starts.shape)
    losses, _ = _unconfidence(task.hidden, heads)
    return _signed(task, heads[int(np.argmin(losses))])


def principal(task: Task, *, seed: int) -> Student:
    """The first principal component of the features, sign by the teacher: another honest negative baseline.

    Deterministic: `seed` is not used.
    """
    del seed
    moments = task.hidden.T @ task.hidden
    return _signed(task, np.linalg.eigh(moments.astype(np.float64))[1][:, -1])


def _unconfidence(hidden: Array, heads: Floats) -> tuple[Floats, Floats]:
    """Loss [tries] and gradient [tries, d] of mean min(p, 1 - p)^2."""
    p = sigmoid((hidden @ heads.T.astype(np.float32)).astype(np.float64))
    least = np.minimum(p, 1 - p)
    slope = 2 * least * np.where(p < 0.5, 1, -1) * p * (1 - p) / len(hidden)
    return (least**2).mean(axis=0), (slope.T.astype(np.float32) @ hidden).astype(np.float64)


def _signed(task: Task, weight: Floats) -> Student:
    """The student that agrees with the teacher on more than half of the items."""
    agreement = float(np.mean((task.hidden @ weight > 0) == (task.hard == 1)))
    return Student.linear(weight if agreement >= 0.5 else -weight)
