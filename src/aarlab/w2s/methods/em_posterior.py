"""Denoising the teacher's labels with a noisy-channel model."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import heads, labels
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task


def em_posterior(
    task: Task, *, seed: int, start: str = "prior", turns: int = 3, bins: int = 5, l2: float = L2
) -> Student:
    """Trains on the posterior of the true label under a noisy channel fitted by expectation maximisation.

    The channel's accuracy depends on the bin (of `bins`) of the teacher's confidence; P(true label) comes first from
    `start` ("prior": zero-shot, or "student": cross-fitted on the teacher's labels), then in `turns` - 1 rounds from
    heads cross-fitted on the posterior. `l2` weight penalty; `seed` makes the folds. After Dawid and Skene (1979).
    """
    return heads.linear(task, labels.em_posterior(task, start=start, rounds=turns, bins=bins, l2=l2, seed=seed), l2=l2)
