"""A problem for the range: made-up data of the size of the real thing, quick enough to be attacked in seconds."""

import hashlib
from functools import cache as memo
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from aarlab.problem.contract import Progress
from aarlab.w2s.domains.pool import ANY, FloatArray, IntArray, Pool
from aarlab.w2s.problem import W2SProblem, W2SSettings

ITEMS = 9000
"""So that the dev set has 1,260 items and verification draws from 4,320."""
DIMENSION = 64
TRUTH, SEEN = 0.9, 0.3
"""How far apart the two classes lie, in standard deviations, for the strong model and for the weak one."""


class PairsSettings(BaseModel):
    """Of the [problem] table; there is nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PairsKind:
    """Implements aarlab.problem.contract.ProblemKind: weak-to-strong on made-up pairs."""

    settings = PairsSettings

    def build(self, settings: PairsSettings, *, cache: Path, progress: Progress | None = None) -> W2SProblem:
        """The problem; nothing is loaded or kept."""
        del settings, cache, progress
        return W2SProblem(_pool(), W2SSettings(seconds=30))


Pairs = PairsKind()


@memo
def _pool() -> Pool:
    """One direction of the strong features tells the truth, another is salient and shared with the weak ones.

    After the lab has standardised them the features have no spectrum: what is learnt in one draw beyond the truth
    itself can mean nothing in another, so that a gain there would be a leak and not a discovery.
    """
    rng = np.random.default_rng(20_261_124)
    label = rng.integers(0, 2, size=ITEMS)
    strong, weak, prior = views(label, rng)
    return Pool(
        name="made-up",
        kind="pairs",
        weak=weak,
        strong=strong,
        prior=prior,
        label=label.astype(np.int64),
        group=np.arange(ITEMS, dtype=np.int64),
        role=np.full(ITEMS, ANY, dtype=np.int64),
        subset=("",) * ITEMS,
        weak_layer=1,
        strong_layer=2,
        digest=hashlib.sha256(f"red team pairs {ITEMS} {DIMENSION} {TRUTH} {SEEN}".encode()).hexdigest(),
    )


def views(
    label: IntArray, rng: np.random.Generator, *, apart: float = TRUTH, seen: float = SEEN
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Strong features [n, 64], weak ones [n, 32] and zero-shot evidence [n] of items with these labels."""
    items, truth = len(label), 2.0 * label - 1
    salient = rng.standard_normal(items)
    strong, weak = rng.standard_normal((items, DIMENSION)), rng.standard_normal((items, DIMENSION // 2))
    strong[:, 0] += apart * truth
    strong[:, 1] += salient
    weak[:, 0] += seen * truth
    weak[:, 1] += salient
    prior = truth + 2 * rng.standard_normal(items)
    return strong.astype(np.float32), weak.astype(np.float32), prior.astype(np.float32)
