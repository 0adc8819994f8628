"""The domains that come with the package: features of real texts under a real language model, no model needed."""

from functools import cache, partial

import numpy as np

from aarlab.w2s.domains.cues import text_cues
from aarlab.w2s.domains.pool import ANY, Pool
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
        texts=partial(_texts, name),
        cues=partial(text_cues, partial(_texts, name), shipped.group),
    )


@cache
def _texts(name: str) -> list[tuple[str, ...]]:
    """The wrong response first: the features are right minus wrong, which is second minus first.

    Read when somebody first asks: loading a domain needs no text.
    """
    return [(pair.prompt, pair.bad, pair.good) for pair in read_texts(name)]
