"""Curricula: easy items first."""

from aarlab.w2s.fit import L2, fit_minibatch
from aarlab.w2s.methods import labels, select
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task


def curriculum(
    task: Task, *, seed: int, share: float = 0.5, epochs: int = 15, rate: float = 3e-3, l2: float = L2
) -> Student:
    """The more confident `share` first, then, from the same checkpoint, everything at half the rate.

    Cross-entropy on the teacher's hard labels by Adam. Of `epochs` two in five belong to the first phase (2 of 5 in
    the study of automated researchers, where it is called MDL curriculum: what compresses well comes first). `rate` of
    the first phase; `l2` weight penalty; `seed` orders the batches.
    """
    easy = select.top(task, labels.teacher(task), share=share) > 0
    first = max(1, round(0.4 * epochs))
    bias, hard = not task.antisymmetric, task.hard
    head = fit_minibatch(task.hidden[easy], hard[easy], seed=seed, l2=l2, bias=bias, epochs=first, rate=rate)
    later = max(1, epochs - first)
    head = fit_minibatch(task.hidden, hard, seed=seed + 1, l2=l2, bias=bias, epochs=later, rate=rate / 2, start=head)
    return Student.linear(head.weight, bias=head.bias)
