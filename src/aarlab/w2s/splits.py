"""How a pool of items is divided, and how verification draws from its share. Pure functions of the pool alone.

Whole groups move together (all items of one question, for example). The division is the same in every study, so a
verified row is a pure function of data, method and seeds. The `final` part is in no draw: it grades once, at the end.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aarlab.errors import UserError
from aarlab.w2s.domains.pool import Pool

Index = npt.NDArray[np.int64]

ANY, TRAIN_LABEL, TRAIN_UNLABEL, TEST = 0, 1, 2, 3
SHARES = {"teacher": 0.08, "train": 0.16, "dev": 0.14, "verify": 0.48, "final": 0.14}
"""Of a pool without roles."""
TEST_SHARES = {"dev": 0.25, "verify": 0.5, "final": 0.25}
"""Of the test rows of a pool with roles; its teacher and train rows are halved between research and verify."""
REDRAWN = 0.8
"""Share of the teacher's and train groups in one verify draw from a pool with roles."""
FEWEST = 20
"""Items below which a part says nothing."""


@dataclass(frozen=True)
class Trio:
    """The three parts of one experiment, as indices into the pool."""

    teacher: Index
    """Labelled items of the weak teacher."""
    train: Index
    """Unlabelled items of the student; with their labels, of the ceiling."""
    test: Index
    """Hidden items that grade."""


@dataclass(frozen=True)
class Splits:
    """The division of one pool."""

    research: Trio
    """What researchers work with; its test part is the dev set."""
    verify: Trio
    """Where verification draws from; in a pool without roles all three are the same pool."""
    final: Index
    """Opened once, at the end of a study."""
    roles: bool
    """Whether the data itself says what is for the teacher, for training and for the test."""
    groups: npt.NDArray[np.int64]
    """[n] the pool's groups."""

    def draw(self, rng: np.random.Generator) -> Trio:
        """A fresh experiment from the verify part."""
        if self.roles:
            redrawn = [_subsample(self.groups, part, rng) for part in (self.verify.teacher, self.verify.train)]
            return Trio(redrawn[0], redrawn[1], self.verify.test)
        shares = {name: SHARES[name] for name in ("teacher", "train", "dev")}
        parts = _cut(self.groups, self.verify.test, shares, rng)
        return Trio(parts["teacher"], parts["train"], parts["dev"])


def split(pool: Pool) -> Splits:
    """Divides a pool. Raises UserError when it is too small, of one class, or has a group on two sides."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(f"split {pool.digest}".encode()).digest()[:8], "big"))
    groups = np.asarray(pool.group, dtype=np.int64)
    roles = np.asarray(pool.role)
    whole = np.arange(len(groups), dtype=np.int64)
    if (roles == ANY).all():
        parts = _cut(groups, whole, SHARES, rng)
        research = Trio(parts["teacher"], parts["train"], parts["dev"])
        splits = Splits(research, Trio(*[parts["verify"]] * 3), parts["final"], False, groups)
    else:
        splits = _by_role(pool, groups, roles, rng)
    _check(pool, splits)
    return splits


def _by_role(pool: Pool, groups: Index, roles: npt.NDArray[np.int_], rng: np.random.Generator) -> Splits:
    rows = {role: np.flatnonzero(roles == role).astype(np.int64) for role in (TRAIN_LABEL, TRAIN_UNLABEL, TEST)}
    owners = [set(groups[index].tolist()) for index in rows.values()]
    if owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2]:
        raise UserError(f"{pool.name}: a group has items in two files; keep all items of one question in one file")
    halves = {"research": 0.5, "verify": 0.5}
    teacher, train = (_cut(groups, rows[role], halves, rng) for role in (TRAIN_LABEL, TRAIN_UNLABEL))
    test = _cut(groups, rows[TEST], TEST_SHARES, rng)
    research = Trio(teacher["research"], train["research"], test["dev"])
    return Splits(research, Trio(teacher["verify"], train["verify"], test["verify"]), test["final"], True, groups)


def _cut(groups: Index, rows: Index, shares: Mapping[str, float], rng: np.random.Generator) -> dict[str, Index]:
    """Deals whole groups of `rows`, in random order, so that each part gets about its share of the items."""
    names, inverse, counts = np.unique(groups[rows], return_inverse=True, return_counts=True)
    order = rng.permutation(len(names))
    middle = np.empty(len(names))
    middle[order] = (np.cumsum(counts[order]) - counts[order] / 2) / max(len(rows), 1)
    edges = np.cumsum(list(shares.values())) / sum(shares.values())
    part = np.searchsorted(edges[:-1], middle)[inverse]
    return {name: rows[part == place] for place, name in enumerate(shares)}


def _subsample(groups: Index, rows: Index, rng: np.random.Generator) -> Index:
    return _cut(groups, rows, {"kept": REDRAWN, "left": 1 - REDRAWN}, rng)["kept"]


def _check(pool: Pool, splits: Splits) -> None:
    labels = np.asarray(pool.label)
    parts: Sequence[tuple[str, Index]] = (
        ("the weak teacher", splits.research.teacher),
        ("the student's training", splits.research.train),
        ("the dev set", splits.research.test),
        ("verification", splits.verify.test),
        ("the teacher of verification", splits.verify.teacher),
        ("the training of verification", splits.verify.train),
        ("the final set", splits.final),
    )
    for what, index in parts:
        if len(index) < FEWEST:
            raise UserError(
                f"{pool.name} is too small: {len(index)} items are left for {what} after division by group, "
                f"at least {FEWEST} are needed"
            )
        if pool.kind == "choices" and len(np.unique(labels[index])) < 2:
            raise UserError(f"{pool.name}: all items for {what} have the same label; both classes are needed")
