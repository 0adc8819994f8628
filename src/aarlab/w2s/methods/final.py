"""The last step of a method on either backend: targets and item weights in, a student out.

A task without a model (the probe backend) gets linear heads on the strong model's hidden states. A task with one (the
hf backend) gets LoRA adapters, fine-tuned as the task says: rank, rate, passes and batch are the same for all methods.
What belongs to heads only (`l2`, `rate`) has no effect there; `Method` refuses it as a setting.
"""

import numpy as np

from aarlab.w2s.fit import L2, Head, fit_head, fit_minibatch
from aarlab.w2s.methods import heads, select
from aarlab.w2s.strong import Retarget
from aarlab.w2s.student import Student
from aarlab.w2s.task import Bools, Floats, Task
from aarlab.w2s.tuned import AnyStudent, Tuned

RATE = 3e-3
"""First rate of Adam on heads."""
EPOCHS = 15
"""Its passes."""
HEADS, ADAPTERS = 16, 4
"""Members of an ensemble by default. An adapter costs a whole training."""

Fitted = Head | Tuned
"""A model that training can go on from."""


def student(task: Task, target: Floats, *, weight: Floats | None = None, l2: float = L2, seed: int = 0) -> AnyStudent:
    """One head, or one adapter: cross-entropy on `target` [n] in [0, 1], items counted by `weight` [n] >= 0.

    A head is the optimum under the penalty `l2`; the seed of an adapter draws its start and the order of the items.
    """
    return finished(fitted(task, target, weight=weight, l2=l2, seed=seed))


def moving(
    task: Task,
    target: Floats,
    *,
    retarget: Retarget,
    seed: int,
    epochs: float | None = None,
    rate: float = RATE,
    l2: float = L2,
) -> AnyStudent:
    """The same for a loss whose targets move with the student, batch by batch; `epochs` None is the backend's own."""
    return finished(
        continued(task, target, retarget=retarget, seed=seed, epochs=passes(task, epochs), rate=rate, l2=l2)
    )


def resampled(
    task: Task,
    target: Floats,
    *,
    weight: Floats | None = None,
    members: int | None = None,
    trim: float = 0.0,
    l2: float = L2,
    seed: int = 0,
) -> AnyStudent:
    """An ensemble on bootstrap samples: 16 heads, or 4 adapters, each a training of its own, if `members` is None."""
    if task.strong is None:
        count = HEADS if members is None else members
        return heads.resampled(task, target, weight=weight, heads=count, trim=trim, l2=l2, seed=seed)
    count = ADAPTERS if members is None else members
    samples = select.bootstrap(task, members=count, weight=weight, seed=seed)
    tuned = [task.strong.finetune(target, weight=row, seed=seed + place) for place, row in enumerate(samples)]
    return Tuned.ensemble(tuned, trim=trim)


def fitted(task: Task, target: Floats, *, weight: Floats | None = None, l2: float = L2, seed: int = 0) -> Fitted:
    """As `student`, before it is finished."""
    if task.strong is not None:
        return task.strong.finetune(target, weight=weight, seed=seed)
    return fit_head(task.hidden, target, weight=weight, l2=l2, bias=not task.antisymmetric)


def continued(
    task: Task,
    target: Floats,
    *,
    seed: int,
    epochs: float,
    among: Bools | None = None,
    retarget: Retarget | None = None,
    rate: float = RATE,
    l2: float = L2,
    start: Fitted | None = None,
) -> Fitted:
    """Training that goes on from `start` for so many passes over the items `among` [n].

    A head's Adam has a rate that falls from `rate` to zero; an adapter begins the task's own course of rates anew.
    """
    if task.strong is not None:
        weight = None if among is None else among.astype(np.float64)
        first = start if isinstance(start, Tuned) else None
        return task.strong.finetune(target, weight=weight, retarget=retarget, seed=seed, epochs=epochs, start=first)
    return fit_minibatch(
        task.hidden if among is None else task.hidden[among],
        target if among is None else target[among],
        seed=seed,
        retarget=retarget,
        l2=l2,
        bias=not task.antisymmetric,
        epochs=int(epochs),
        rate=rate,
        start=start if isinstance(start, Head) else None,
    )


def passes(task: Task, epochs: float | None, *, heads: int = EPOCHS) -> float:
    """`epochs`, or where it is None the backend's own: `heads` for Adam on a head, the task's for an adapter."""
    if epochs is not None:
        return epochs
    return heads if task.strong is None else task.strong.epochs


def logits(task: Task, model: Fitted, *, among: Bools | None = None) -> Floats:
    """[m] log-odds that it gives the train inputs, or those `among` [n]."""
    if isinstance(model, Head):
        return model.logits(task.hidden if among is None else task.hidden[among])
    items = task.model.items
    return task.model.logits(
        model, items=None if among is None else [items[row] for row in np.flatnonzero(among).tolist()]
    )


def finished(model: Fitted) -> AnyStudent:
    """The student that is handed in."""
    return model if isinstance(model, Tuned) else Student.linear(model.weight, bias=model.bias)


def losses(task: Task, hard: Floats, *, seed: int, epochs: float, l2: float = L2) -> tuple[Floats, Floats]:
    """[n] cross-entropy of each item with its label at the first and at the last encounter of one training."""
    first, last = np.full(task.items, np.nan), np.full(task.items, np.nan)
    sign = 2 * hard - 1

    def watch(found: Floats, numbers: Floats, _done: float) -> Floats:
        turned = numbers > 0.5  # a pair that is trained in the other order has target 1 - t
        rows = np.minimum(2 * task.items * np.where(turned, 1 - numbers, numbers), task.items - 1).astype(np.int64)
        last[rows] = np.logaddexp(0, -sign[rows] * np.where(turned, -found, found))
        first[rows] = np.where(np.isnan(first[rows]), last[rows], first[rows])
        aim: Floats = np.where(turned, 1 - hard[rows], hard[rows])
        return aim

    numbers = (np.arange(task.items) + 0.5) / (2 * task.items)  # in place of targets, so that losses find their items
    continued(task, numbers, retarget=watch, seed=seed, epochs=epochs, l2=l2)
    return first, last
