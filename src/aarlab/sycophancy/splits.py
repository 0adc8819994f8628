"""How the facts are divided, and how verification draws from its share. Pure functions of the pool alone."""

from dataclasses import dataclass

import numpy as np

from aarlab.errors import UserError
from aarlab.sycophancy.pool import Index, Pool
from aarlab.sycophancy.sources import TRAINED

SHARES = {"train": 0.26, "dev": 0.12, "verify": 0.46, "final": 0.16}
"""Of the facts of a source that is trained on; in every verify draw half of the verify facts train and half grade."""
UNTRAINED_SHARES = {"train": 0.0, "dev": 0.2, "verify": 0.6, "final": 0.2}
"""Of one that only grades; all of its verify facts grade every draw."""
FEWEST = 8
"""Facts of a source in a part, below which the part says nothing."""
_SEED = 20_261_128


@dataclass(frozen=True)
class Splits:
    """Facts by part: whole facts move together."""

    train: Index
    """What researchers train on."""
    dev: Index
    """What answers them."""
    verify: tuple[Index, ...]
    """Of each source that is trained on: train and grade a verify draw."""
    graded: Index
    """Of the others: grade every verify draw."""
    final: Index
    """Opened once, at the end of a study."""

    def draw(self, rng: np.random.Generator) -> tuple[Index, Index]:
        """Facts that train and facts that grade one fresh draw."""
        halves = [np.array_split(rng.permutation(facts), 2) for facts in self.verify]
        train, test = (np.concatenate(half) for half in zip(*halves, strict=True))
        return train, np.concatenate([test, self.graded])


def split(pool: Pool) -> Splits:
    """The division of a pool. Raises UserError when a source has too few facts."""
    rng = np.random.default_rng(_SEED)
    parts = {source: _parts(pool, source, rng) for source in pool.sources}
    joined = {name: np.concatenate([part[name] for part in parts.values()]) for name in ("train", "dev", "final")}
    verify = {source: part["verify"] for source, part in parts.items()}
    graded = np.concatenate([facts for source, facts in verify.items() if source not in TRAINED])
    return Splits(**joined, verify=tuple(verify[source] for source in TRAINED), graded=graded)


def _parts(pool: Pool, source: str, rng: np.random.Generator) -> dict[str, Index]:
    """The facts of one source by part."""
    shares = SHARES if source in TRAINED else UNTRAINED_SHARES
    facts = rng.permutation(np.unique(pool.fact[pool.source == pool.sources.index(source)]))
    ends = np.rint(np.cumsum(list(shares.values()))[:-1] * len(facts)).astype(int)
    pieces = dict(zip(shares, np.split(facts, ends), strict=True))
    if min(len(piece) for name, piece in pieces.items() if shares[name]) < FEWEST:
        raise UserError(f"problem.limit: {len(facts)} facts of {source} are too few to divide; raise the limit")
    return pieces
