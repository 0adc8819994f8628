"""Zero-shot unsupervised elicitation: the strong model's own opinion, without the teacher."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import heads, labels
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task


def zero_shot(task: Task, *, seed: int, soft: bool = False, l2: float = L2) -> Student:
    """Trains on the labels that the strong model itself gives without training (swap-consistent by construction).

    `soft` trains on sigmoid(prior); `l2` weight penalty.
    Teacher-free and deterministic: `seed` is not used.
    """
    del seed
    return heads.linear(task, labels.prior(task, hard=not soft), l2=l2)
