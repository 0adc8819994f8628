"""Vanilla weak-to-strong training (Burns et al. 2023)."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import heads, labels
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task


def vanilla(task: Task, *, seed: int, l2: float = L2) -> Student:
    """Cross-entropy on the teacher's hard labels [w > 1/2]: the baseline of every comparison.

    `l2` weight penalty. Deterministic: `seed` is not used.
    """
    del seed
    return heads.linear(task, labels.teacher(task, hard=True), l2=l2)
