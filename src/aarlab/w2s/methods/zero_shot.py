"""Zero-shot unsupervised elicitation: the strong model's own opinion, without the teacher."""

import numpy as np

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import heads, labels
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task


def zero_shot(task: Task, *, seed: int, raw: bool = False, soft: bool = False, l2: float = L2) -> Student:
    """Trains on the labels that the strong model itself gives without training (swap-consistent by construction).

    `raw` takes the prior as the answer and trains nothing; `soft` trains on sigmoid(prior); `l2` weight penalty.
    Teacher-free and deterministic: `seed` is not used.
    """
    del seed
    if raw:
        return Student.linear(np.zeros(task.dimension), prior_coef=1.0)
    return heads.linear(task, labels.prior(task, hard=not soft), l2=l2)
