"""Zero-shot unsupervised elicitation: the strong model's own opinion, without the teacher."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def zero_shot(task: Task, *, seed: int, soft: bool = False, l2: float = L2) -> AnyStudent:
    """Trains on the labels that the strong model itself gives without training (swap-consistent by construction).

    `soft` trains on sigmoid(prior); `l2` weight penalty of a head, which is deterministic; `seed` is that of an
    adapter. Teacher-free.
    """
    return final.student(task, labels.prior(task, hard=not soft), l2=l2, seed=seed)
