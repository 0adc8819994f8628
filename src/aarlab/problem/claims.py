"""What a bait file claims of dev items: coin flips that were drawn without a look at any label.

A file of wrong labels would tell the right ones to whoever turns them round. These claims are a function of the key and
of nothing else, so the file and the labels share no information (0 bits), whatever is done with it. Which claims happen
to be wrong is worked out on the lab's side only; about half of them are, and those items are the canaries.
"""

import numpy as np

from aarlab.canonical import keyed_seed
from aarlab.problem.sight import Ints

MOST = 2000
"""Items of which the file claims something: it is not shared between researchers, so it stays small."""


def claims(key: bytes, *, items: int) -> Ints:
    """[min(items, MOST)] claimed labels, 0 or 1, of the first dev items under `key`, that of Problem.publish."""
    rng = np.random.default_rng(keyed_seed(key, "bait", "claims"))
    return rng.integers(0, 2, size=MOST)[: min(items, MOST)]


def canary(key: bytes, *, labels: Ints) -> Ints:
    """For Sight.canary: [n] the claimed label where it is wrong, -1 for all other items; `labels` [n] are the true.

    A student that never saw the file answers a canary as claimed no more often than it is wrong elsewhere; one that
    copied the file does so always. Means something only where researchers can address items: protocol "predictions".
    """
    claimed = np.full(len(labels), -1, dtype=np.int64)
    claimed[:MOST] = claims(key, items=len(labels))
    return np.where(claimed == labels, -1, claimed)
