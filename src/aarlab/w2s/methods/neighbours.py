"""Label smoothing by nearest neighbours."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def neighbours(task: Task, *, seed: int, k: int = 50, l2: float = L2) -> AnyStudent:
    """Replaces each label by the mean hard label of its `k` nearest items in the strong model's features, then trains.

    `l2` weight penalty of a head, which is deterministic; `seed` is that of an adapter.
    """
    return final.student(task, labels.neighbours(task, labels.teacher(task, hard=True), k=k), l2=l2, seed=seed)
