"""Vanilla weak-to-strong training (Burns et al. 2023)."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def vanilla(task: Task, *, seed: int, l2: float = L2) -> AnyStudent:
    """Cross-entropy on the teacher's hard labels [w > 1/2]: the baseline of every comparison.

    `l2` weight penalty of a head, which is deterministic; `seed` is that of an adapter.
    """
    return final.student(task, labels.teacher(task, hard=True), l2=l2, seed=seed)
