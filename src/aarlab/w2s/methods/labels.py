"""Label sources: each gives soft targets [n] in [0, 1] for the task's items, made without any ground truth.

For pairs every source is swap-consistent: exchanging the two responses of an item turns its target t into 1 - t.
"""

import numpy as np
import numpy.typing as npt

from aarlab.w2s.fit import L2, cross_fit, log_odds, sigmoid
from aarlab.w2s.methods import channel as channels
from aarlab.w2s.methods.settings import one_of
from aarlab.w2s.task import Array, Floats, Task

Index = npt.NDArray[np.intp]


def scaled(logits: Floats) -> Floats:
    """Logits divided by their root mean square, so that sources of different confidence can be added."""
    size = float(np.sqrt(np.mean(logits**2)))
    return logits / size if size > 0 else logits


def teacher(task: Task, *, hard: bool = False) -> Floats:
    """The weak teacher's labels; `hard` rounds them."""
    return task.hard if hard else task.teacher.astype(np.float64)


def prior(task: Task, *, hard: bool = True, sharpness: float = 1.0) -> Floats:
    """The strong model's zero-shot labels; soft ones are sigmoid(sharpness * prior)."""
    logits = task.prior.astype(np.float64)
    return (logits > 0).astype(np.float64) if hard else sigmoid(sharpness * logits)


def product(task: Task, *, teacher_share: float = 0.5, sharpness: float = 3.0) -> Floats:
    """Product of experts: sigmoid(sharpness * (share * teacher + (1 - share) * prior)), both as unit-size log-odds."""
    weak, own = scaled(log_odds(task.teacher)), scaled(task.prior.astype(np.float64))
    return sigmoid(sharpness * (teacher_share * weak + (1 - teacher_share) * own))


def student(task: Task, target: Floats, *, folds: int = 5, l2: float = L2, seed: int = 0) -> Floats:
    """What cross-fitted heads trained on `target` say of the items they did not see, as probabilities."""
    return sigmoid(cross_fit(task.hidden, target, l2=l2, bias=not task.antisymmetric, folds=folds, seed=seed))


def matched(task: Task, target: Floats, *, like: Floats) -> Floats:
    """Shifts the log-odds of single answers so that class 1 is as frequent as in `like`; pairs stay as they are.

    Without it a small imbalance of the teacher grows with every round of relabelling, until one class is left.
    """
    if task.antisymmetric:
        return target
    logits = log_odds(target)
    return sigmoid(logits - float(np.quantile(logits, 1 - (like > 0.5).mean())))


def neighbours(task: Task, target: Floats, *, k: int = 50) -> Floats:
    """Mean target of the k nearest items by cosine (the item itself left out).

    For pairs an item and its swap are the same item: neighbours are looked for on both sides, at the opposite side
    with the opposite label. Single answers keep the class balance of `target`.
    """
    near, cosine = nearest(task, k=k)
    found = target[near]
    if task.antisymmetric:
        found = np.where(cosine > 0, found, 1 - found)
    return matched(task, found.mean(axis=1), like=target)


def nearest(task: Task, *, k: int) -> tuple[Index, Array]:
    """Rows of the k items nearest to each by cosine [n, k], and their cosines; for pairs nearest on either side."""
    unit = task.hidden / np.maximum(np.linalg.norm(task.hidden, axis=1, keepdims=True), 1e-12)
    k = min(k, task.items - 1)
    found = np.empty((task.items, k), dtype=np.intp)
    cosines = np.empty((task.items, k), dtype=np.float32)
    for begin in range(0, task.items, 1024):
        rows = np.arange(begin, min(begin + 1024, task.items))
        cosine = unit[rows] @ unit.T
        nearness = np.abs(cosine) if task.antisymmetric else cosine.copy()
        nearness[np.arange(len(rows)), rows] = -np.inf
        found[rows] = np.argpartition(-nearness, k - 1, axis=1)[:, :k]
        cosines[rows] = np.take_along_axis(cosine, found[rows], axis=1)
    return found, cosines


def em_posterior(
    task: Task,
    *,
    start: str = "prior",
    channel: str = "binned",
    rounds: int = 3,
    bins: int = 5,
    temperature: float = 1.0,
    l2: float = L2,
    seed: int = 0,
) -> Floats:
    """P(true label | teacher's label, strong model) under a noisy channel, by expectation maximisation.

    The teacher's hard label is right with a probability that depends on the item: on the bin of its confidence, or
    with `channel` "logistic" on features of the item (w2s.methods.channel). `start` says who gives the first P(true
    label): "prior" (zero-shot) or "student" (cross-fitted on the teacher's labels). Each further round takes it from
    heads cross-fitted on the posterior. Log-odds of posteriors are divided by `temperature`.
    """
    one_of("start", start, ("prior", "student"))
    one_of("channel", channel, ("binned", "logistic"))
    first = task.prior.astype(np.float64) if start == "prior" else log_odds(student(task, task.hard, l2=l2, seed=seed))

    def posterior_of(logits: Floats) -> Floats:
        unit = scaled(logits)
        found = channels.binned(task, unit, bins=bins) if channel == "binned" else channels.logistic(task, unit)
        return sigmoid(found / temperature)

    posterior = posterior_of(first)
    for turn in range(1, rounds):
        own = matched(task, student(task, posterior, l2=l2, seed=seed + turn), like=posterior)
        posterior = posterior_of(log_odds(own))
    return posterior
