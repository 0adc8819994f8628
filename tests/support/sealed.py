"""Weak-to-strong on a made-up pool, with the labels of chosen hidden parts replaced by others.

Used as problem.kind = "tests.support.sealed:Sealed". The pool keeps its digest, so that everything else is the same.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from aarlab.problem.contract import Progress
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.problem import W2SProblem, W2SSettings
from aarlab.w2s.splits import split
from tests.support.synthetic import synthetic_pool


class SealedSettings(BaseModel):
    """Of the [problem] table."""

    model_config = ConfigDict(extra="forbid")

    other_labels: tuple[str, ...] = ()
    """Parts whose labels are not the true ones: "verify", "final"."""


class SealedKind:
    """Implements aarlab.problem.contract.ProblemKind."""

    settings = SealedSettings

    def build(self, settings: SealedSettings, *, cache: Path, progress: Progress | None = None) -> W2SProblem:
        del cache, progress
        return W2SProblem(_pool(settings.other_labels), W2SSettings(seconds=20))


Sealed = SealedKind()


@cache
def _pool(other_labels: tuple[str, ...]) -> Pool:
    pool = synthetic_pool(per_group=2)
    parts = split(pool)
    label = pool.label.copy()
    rng = np.random.default_rng(5)
    for name, rows in (("verify", parts.verify.test), ("final", parts.final)):
        if name in other_labels:
            label[rows] = rng.integers(0, 2, size=len(rows))
    return replace(pool, label=label)
