"""A light problem for the range: made-up data behind the real code of weak-to-strong."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aarlab.problem.contract import Progress
from aarlab.w2s.domains.pool import ANY, Pool
from aarlab.w2s.problem import W2SProblem, W2SSettings

ITEMS, DIMENSION = 2500, 32
_STRENGTH, _DIM_VIEW = 1.2, 0.45


class SmallSettings(BaseModel):
    """[problem] with kind = "aarlab.redteam.small:Small"."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    seconds: float = Field(20.0, gt=0)
    """Time that a task announces for one training."""


class SmallKind:
    """Weak-to-strong on a made-up pool: whatever holds here holds for the kind "w2s", which is the same code."""

    settings = SmallSettings

    def build(self, settings: SmallSettings, *, cache: Path, progress: Progress | None = None) -> W2SProblem:
        """The same pool every time."""
        del cache, progress
        return W2SProblem(_pool(), W2SSettings(seconds=settings.seconds))


Small = SmallKind()


@cache
def _pool() -> Pool:
    """Gaussian features: one dimension tells the truth, the teacher sees it dimly, and both see a nuisance."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, size=ITEMS)
    truth = (2 * label - 1) * _STRENGTH
    strong = rng.standard_normal((ITEMS, DIMENSION))
    strong[:, 0] += truth
    strong[:, 1] += rng.standard_normal(ITEMS) * 2
    weak = rng.standard_normal((ITEMS, DIMENSION // 2))
    weak[:, 0] += _DIM_VIEW * truth
    weak[:, 1] = 0.5 * strong[:, 1]
    return Pool(
        name="small",
        kind="pairs",
        weak=weak.astype(np.float32),
        strong=strong.astype(np.float32),
        prior=(truth + 1.5 * rng.standard_normal(ITEMS)).astype(np.float32),
        label=label.astype(np.int64),
        group=np.arange(ITEMS, dtype=np.int64) // 2,
        role=np.full(ITEMS, ANY, dtype=np.int64),
        subset=("",) * ITEMS,
        weak_layer=1,
        strong_layer=2,
        digest=hashlib.sha256(f"redteam small {ITEMS} {DIMENSION}".encode()).hexdigest(),
    )
