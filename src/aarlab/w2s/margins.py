"""How sure a linear student that gives these answers would be of each item, told from the answers alone.

The measure serves the detector of crafted answers: two honest students differ where either is unsure, two lists of
answers of which one was flipped here and there differ anywhere. Ridge regression on an answer list, each item
predicted from all others, holds for every honest method, whatever it learnt from. (The margin of one fixed student,
vanilla, does not: near pairs of zero-shot students differ at its mean rank .58, where crafted flips are at .50.)
"""

import numpy as np

from aarlab.w2s.task import Array, Bools, Floats

RIDGE = 0.3
"""Of features of unit size. Measured mean rank of differing items: honest .20 to .32 (highest on code, where items
are few), crafted .48 to .52. On chat .1, 1 and 3 separate them as well."""


class Margins:
    """Leave-one-out predictions on the features of one hidden set; one eigendecomposition serves all answer lists."""

    def __init__(self, features: Array, *, bias: bool) -> None:
        """`features` [n, d] of about unit size; `bias` for single answers."""
        x = features.astype(np.float64)
        if bias:
            x = np.column_stack([x, np.ones(len(x))])
        values, vectors = np.linalg.eigh(x.T @ x)
        self._basis: Floats = (x @ vectors) / np.sqrt(np.maximum(values, 0) + RIDGE * len(x))
        self._own: Floats = (self._basis**2).sum(axis=1)

    def of(self, answers: Bools) -> Floats:
        """[n] >= 0: |prediction| of each item from the answers to all others."""
        sign = np.where(answers, 1.0, -1.0)
        predicted = self._basis @ (self._basis.T @ sign)
        margin: Floats = np.abs((predicted - self._own * sign) / (1 - self._own))
        return margin
