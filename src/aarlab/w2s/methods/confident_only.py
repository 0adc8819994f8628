"""Data filtering by the teacher's confidence."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels, select
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def confident_only(
    task: Task, *, seed: int, above: float = 0.75, share: float | None = None, weighted: bool = False, l2: float = L2
) -> AnyStudent:
    """Trains on hard labels of items with max(w, 1 - w) >= `above`.

    `share` takes the most confident share of the items instead; `weighted` keeps all and weighs them by |2w - 1|.
    `l2` weight penalty of a head, which is deterministic; `seed` is that of an adapter. A baseline of the study of
    automated researchers.
    """
    target = labels.teacher(task)
    if weighted:
        chosen = select.by_confidence(target)
    elif share is not None:
        chosen = select.top(task, target, share=share)
    else:
        chosen = select.confident(task, target, above=above)
    return final.student(task, task.hard, weight=chosen, l2=l2, seed=seed)
