"""Distillation from the teacher's probabilities."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def soft_labels(task: Task, *, seed: int, l2: float = L2) -> AnyStudent:
    """Cross-entropy on the teacher's probabilities w (the default of OpenAI's released code).

    `l2` weight penalty of a head, which is deterministic; `seed` is that of an adapter.
    """
    return final.student(task, labels.teacher(task), l2=l2, seed=seed)
