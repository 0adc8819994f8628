"""A made-up pool of items: a direction of truth, a weaker view of it for the teacher, and a salient nuisance."""

import hashlib

import numpy as np

from aarlab.w2s.domains.pool import ANY, TEST, TRAIN_LABEL, TRAIN_UNLABEL, Kind, Pool


def synthetic_pool(
    *,
    items: int = 4000,
    dimension: int = 48,
    kind: Kind = "pairs",
    roles: bool = False,
    per_group: int = 1,
    strength: float = 1.2,
    seed: int = 0,
) -> Pool:
    """Gaussian features whose first dimension tells the truth, `strength` standard deviations apart.

    The weak view sees the truth dimly and shares the nuisance (dimension 1) with the strong one. With `strength` 0
    nothing tells the truth, and the ceiling is no better than the teacher.
    """
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, size=items)
    truth = (2 * label - 1) * strength
    nuisance = rng.standard_normal(items) * 2
    strong = rng.standard_normal((items, dimension))
    strong[:, 0] += truth
    strong[:, 1] += nuisance
    weak = rng.standard_normal((items, dimension // 2))
    weak[:, 0] += 0.45 * truth
    weak[:, 1] = 0.5 * strong[:, 1]
    return Pool(
        name="synthetic",
        kind=kind,
        weak=weak.astype(np.float32),
        strong=strong.astype(np.float32),
        prior=(truth + 1.5 * rng.standard_normal(items)).astype(np.float32),
        label=label.astype(np.int64),
        group=np.arange(items, dtype=np.int64) // per_group,
        role=_roles(items, per_group) if roles else np.full(items, ANY, dtype=np.int64),
        subset=("",) * items,
        weak_layer=1,
        strong_layer=2,
        digest=hashlib.sha256(f"{items} {dimension} {kind} {roles} {per_group} {strength} {seed}".encode()).hexdigest(),
    )


def _roles(items: int, per_group: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """A quarter for the teacher, a quarter to train on, half to test; whole groups."""
    third = np.array([TRAIN_LABEL, TRAIN_UNLABEL, TEST, TEST], dtype=np.int64)
    return third[(np.arange(items) // per_group) % 4]
