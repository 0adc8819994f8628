"""The domains that come with the package: features of real texts under a real language model, no model needed."""

from collections.abc import Mapping
from functools import cache, partial

import numpy as np

from aarlab.w2s.domains.cues import pair_cues
from aarlab.w2s.domains.pool import ANY, IntArray, Pool
from aarlab.w2s.domains.shipped import read_shipped, read_texts

EMBEDDED = ("chat", "math", "code")


def load_embedded(name: str) -> Pool:
    """Loads an embedded domain in a fraction of a second. Raises ValueError on another name.

    Pairs are stored right minus wrong, so every label is 1: a draw must turn a secret half of them around.
    """
    if name not in EMBEDDED:
        raise ValueError(f"there is no embedded domain {name!r}; there are {', '.join(EMBEDDED)}")
    shipped, digest = read_shipped(name)
    count = len(shipped.prior)
    return Pool(
        name=name,
        kind="pairs",
        weak=shipped.weak.restore(),
        strong=shipped.strong.restore(),
        prior=shipped.prior,
        label=np.ones(count, np.int64),
        group=shipped.group,
        role=np.full(count, ANY, np.int64),
        subset=shipped.subset,
        weak_layer=shipped.facts["weak_layer"],
        strong_layer=shipped.facts["strong_layer"],
        digest=digest,
        cues=partial(_cues, name),
    )


@cache
def _cues(name: str) -> Mapping[str, IntArray]:
    """Read when a detector first asks: loading a domain needs no text."""
    rows = read_texts(name)
    return pair_cues([row.bad for row in rows], [row.good for row in rows])
