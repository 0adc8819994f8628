"""Simplicity: directions and subspaces that leave a student little room to copy the teacher's errors."""

import numpy as np

from aarlab.w2s.fit import L2, fit_head
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task


def low_rank(task: Task, *, seed: int, rank: int = 32, l2: float = L2 / 1000) -> Student:
    """Vanilla in the span of the `rank` largest principal components, each scaled to unit size.

    `l2` weight penalty inside that span. Deterministic: `seed` is not used.
    """
    del seed
    values, vectors = np.linalg.eigh((task.hidden.T @ task.hidden).astype(np.float64) / task.items)
    rank = min(rank, task.dimension)
    basis = vectors[:, -rank:] / np.sqrt(np.maximum(values[-rank:], 1e-12))
    inside = (task.hidden @ basis).astype(np.float32)
    head = fit_head(inside, task.hard, l2=l2, bias=not task.antisymmetric)
    return Student.linear(basis @ head.weight, bias=head.bias)


def mean_difference(task: Task, *, seed: int) -> Student:
    """The difference of the class means under the teacher's hard labels: the limit of an ever stronger penalty.

    Deterministic: `seed` is not used.
    """
    del seed
    sign = 2 * task.hard - 1
    centre = 0.0 if task.antisymmetric else task.hidden.mean(axis=0) * sign.mean()
    weight = (task.hidden * sign[:, None]).mean(axis=0) - centre
    bias = 0.0 if task.antisymmetric else -float(np.median(task.hidden @ weight))
    return Student.linear(weight, bias=bias)
