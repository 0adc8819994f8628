"""Bootstrapping: each student is the teacher of a slightly larger one."""

import numpy as np

from aarlab.w2s.fit import L2, fit_head
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Array, Floats, Task
from aarlab.w2s.tuned import AnyStudent


def bootstrapping(task: Task, *, seed: int, stages: int = 3, rank: int = 16, l2: float = L2) -> AnyStudent:
    """A chain of `stages` students of growing size, each trained on the hard labels of the one before.

    The items are dealt into as many parts: a student is trained on one part, labelled by its predecessor (the first by
    the teacher), and labels the next, so that none repeats what it has seen. Size is the number of principal components
    that a student may use: `rank` for the first, in equal ratios up to all for the last. That is a stand-in: Burns et
    al. 2023 use models of growing size, and a Task has one hidden state of one model. All but the last are heads on
    either backend; the last is an adapter where there is a model. `l2` weight penalty of heads; `seed` deals.
    """
    order = np.random.default_rng(seed).permutation(task.items)
    parts = np.array_split(order, stages)
    directions = _components(task)
    sizes = np.geomspace(min(rank, task.dimension), task.dimension, stages).round().astype(int)
    target = task.hard
    for size, part in zip(sizes[:-1], parts[:-1], strict=True):
        target = _relabelled(task, target, part, directions[:, :size], l2=l2)
    seen = np.isin(np.arange(task.items), parts[-1]).astype(np.float64)
    return final.student(task, target, weight=seen, l2=l2, seed=seed)


def _components(task: Task) -> Array:
    """[d, d] principal directions, the largest first."""
    moments = (task.hidden.T @ task.hidden).astype(np.float64)
    return np.linalg.eigh(moments)[1][:, ::-1].astype(np.float32)


def _relabelled(
    task: Task, target: Floats, part: np.ndarray[tuple[int], np.dtype[np.int64]], basis: Array, *, l2: float
) -> Floats:
    """Hard labels [n] of a student in the span of `basis` that was trained on `part`."""
    inside = task.hidden @ basis
    head = fit_head(inside[part], target[part], l2=l2, bias=not task.antisymmetric)
    soft = 0.5 * (1 + np.tanh(0.5 * head.logits(inside)))
    return (labels.matched(task, soft, like=target) > 0.5).astype(np.float64)
