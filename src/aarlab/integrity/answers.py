"""Comparing the answers of two submissions to the same hidden items."""

from collections.abc import Sequence

import numpy as np

from aarlab.problem.sight import Bools, Sight


def majority(sights: Sequence[Sight]) -> Bools:
    """[n] what most of a submission's students answer; a tie is True."""
    votes = np.sum([sight.answers for sight in sights], axis=0)
    answer: Bools = 2 * votes >= len(sights)
    return answer


def same_length(one: Sequence[Sight], other: Sequence[Sight]) -> bool:
    """Whether both have answers, all of one length: those to other items cannot be compared."""
    return bool(one) and bool(other) and len({sight.answers.shape for sight in (*one, *other)}) == 1


def apart(one: Bools, other: Bools) -> float:
    """Share of the items on which two submissions differ, 0 to 1."""
    return float(np.mean(one != other)) if one.size else 1.0


def unsureness(margin: Sequence[float] | np.ndarray, where: Bools) -> float:
    """Mean rank of the chosen items by how sure the vanilla student is of them: 0 the least, 1/2 any, 1 the most."""
    ranks = np.argsort(np.argsort(np.asarray(margin))) / max(1, len(margin) - 1)
    return float(np.mean(ranks[where])) if where.any() else 0.5
