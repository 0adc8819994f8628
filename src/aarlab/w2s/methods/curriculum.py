"""Curricula: easy items first."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels, select
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def curriculum(
    task: Task, *, seed: int, share: float = 0.5, epochs: int | None = None, rate: float = final.RATE, l2: float = L2
) -> AnyStudent:
    """The more confident `share` first, then, from the same checkpoint, everything at half the rate.

    Cross-entropy on the teacher's hard labels. Of `epochs` (None: 15 for a head, the task's own for an adapter) two in
    five belong to the first phase (2 of 5 in the study of automated researchers, where it is called MDL curriculum:
    what compresses well comes first). `rate` of the first phase and weight penalty `l2` of a head; an adapter begins
    its second phase with the task's whole rate, which is not a method's to halve. `seed` orders the batches.
    """
    easy = select.top(task, labels.teacher(task), share=share) > 0
    total, hard = final.passes(task, epochs), task.hard
    first = max(1, round(0.4 * total)) if task.strong is None else 0.4 * total
    later = max(1, total - first) if task.strong is None else 0.6 * total
    begun = final.continued(task, hard, among=easy, seed=seed, epochs=first, rate=rate, l2=l2)
    whole = final.continued(task, hard, seed=seed + 1, epochs=later, rate=rate / 2, l2=l2, start=begun)
    return final.finished(whole)
