"""Ensembles."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def ensemble(
    task: Task, *, seed: int, members: int | None = None, trim: float = 0.0, soft: bool = False, l2: float = L2
) -> AnyStudent:
    """Averages the logits of `members` heads or adapters, each on a bootstrap sample of the teacher's labels (bagging).

    `members` None: 16 heads, or 4 adapters, each of which costs a whole training. `trim` > 0 takes a trimmed mean,
    `soft` the teacher's probabilities; `l2` weight penalty of heads; `seed` draws the samples.
    """
    target = labels.teacher(task, hard=not soft)
    return final.resampled(task, target, members=members, trim=trim, l2=l2, seed=seed)
