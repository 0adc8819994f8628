"""Ensembles of heads."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import heads, labels
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task


def ensemble(
    task: Task, *, seed: int, members: int = 16, trim: float = 0.0, soft: bool = False, l2: float = L2
) -> Student:
    """Averages the logits of `members` heads, each on a bootstrap sample of the teacher's labels (bagging).

    `trim` > 0 takes a trimmed mean, `soft` the teacher's probabilities; `l2` weight penalty; `seed` draws the samples.
    """
    target = labels.teacher(task, hard=not soft)
    return heads.resampled(task, target, heads=members, trim=trim, l2=l2, seed=seed)
