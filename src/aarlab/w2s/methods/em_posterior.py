"""Denoising the teacher's labels with a noisy-channel model."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent


def em_posterior(
    task: Task,
    *,
    seed: int,
    start: str = "prior",
    channel: str = "binned",
    turns: int = 3,
    bins: int = 5,
    temperature: float = 1.0,
    l2: float = L2,
) -> AnyStudent:
    """Trains on the posterior of the true label under a noisy channel fitted by expectation maximisation.

    `channel` "binned": the teacher's accuracy depends on the bin (of `bins`) of its confidence; "logistic": its true
    and false positive rates are logistic functions of its confidence and of the margin of P(true label), fitted by
    marginal likelihood, as in the study of automated researchers; there one turn is best, as a student of the first
    posterior has learnt the teacher's errors too, and the fit then believes the teacher. P(true label) comes first from
    `start` ("prior": zero-shot, or "student": cross-fitted on the teacher's labels), then in `turns` - 1 rounds from
    heads cross-fitted on the posterior. `temperature` softens posteriors, `l2` weight penalty of heads,
    `seed` makes the folds. After Dawid and Skene (1979).
    """
    target = labels.em_posterior(
        task, start=start, channel=channel, rounds=turns, bins=bins, temperature=temperature, l2=l2, seed=seed
    )
    return final.student(task, target, l2=l2, seed=seed)
