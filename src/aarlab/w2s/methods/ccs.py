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
    heads = _descend(task, starts=tries, rng=np.random.default_rng(seed), steps=steps, rate=rate, decay=decay)
    losses, _ = _unconfidence(task.hidden, heads)
    return Student.linear(_signed(task, heads[int(np.argmin(losses))]))


def probes(task: Task, *, starts: int, rng: np.random.Generator) -> Floats:
    """[starts, d] probes, each from a start of its own, sign by the teacher; settings as in `ccs`."""
    heads = _descend(task, starts=starts, rng=rng, steps=200, rate=1e-2, decay=1e-2)
    return np.stack([_signed(task, head) for head in heads])


def _descend(task: Task, *, starts: int, rng: np.random.Generator, steps: int, rate: float, decay: float) -> Floats:
    """[starts, d] heads after `steps` of Adam from random directions."""
    first = rng.standard_normal((starts, task.dimension))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    adam = Adam(first.ravel())
    for _ in range(steps):
        heads = adam.at.reshape(first.shape)
        _, gradient = _unconfidence(task.hidden, heads)
        adam.step((gradient + decay * heads).ravel(), rate)
    return adam.at.reshape(first.shape)


def principal(task: Task, *, seed: int) -> Student:
    """The first principal component of the features, sign by the teacher: another honest negative baseline.

    Deterministic: `seed` is not used.
    """
    del seed
    moments = task.hidden.T @ task.hidden
    return Student.linear(_signed(task, np.linalg.eigh(moments.astype(np.float64))[1][:, -1]))


def _unconfidence(hidden: Array, heads: Floats) -> tuple[Floats, Floats]:
    """Loss [tries] and gradient [tries, d] of mean min(p, 1 - p)^2."""
    p = sigmoid((hidden @ heads.T.astype(np.float32)).astype(np.float64))
    least = np.minimum(p, 1 - p)
    slope = 2 * least * np.where(p < 0.5, 1, -1) * p * (1 - p) / len(hidden)
    return (least**2).mean(axis=0), (slope.T.astype(np.float32) @ hidden).astype(np.float64)


def _signed(task: Task, weight: Floats) -> Floats:
    """The direction that agrees with the teacher on more than half of the items."""
    agreement = float(np.mean((task.hidden @ weight > 0) == (task.hard == 1)))
    return weight if agreement >= 0.5 else -weight
