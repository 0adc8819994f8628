"""Distillation from the teacher's probabilities."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import heads, labels
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task


def soft_labels(task: Task, *, seed: int, l2: float = L2) -> Student:
    """Cross-entropy on the teacher's probabilities w (the default of OpenAI's released code).

    `l2` weight penalty. Deterministic: `seed` is not used.
    """
    del seed
    return heads.linear(task, labels.teacher(task), l2=l2)
