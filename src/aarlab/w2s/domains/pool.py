"""All items of a domain as numbers, with their labels. It never leaves the lab's side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
Kind = Literal["pairs", "choices"]

ANY, TRAIN_LABEL, TRAIN_UNLABEL, TEST = 0, 1, 2, 3
"""Roles of items: which part of a split an item may be drawn for."""
MODEL, DEPTH = "SmolLM2-135M", 30
"""The language model whose features pools have, and its layers."""


@dataclass(frozen=True)
class Pool:
    """The n items of a domain."""

    name: str
    """"chat", "math", "code", or the name of the user's folder."""
    kind: Kind
    """Pairs have features "second minus first" and no bias; choices are centred by question."""
    weak: FloatArray
    """[n, d] features that the weak teacher reads."""
    strong: FloatArray
    """[n, d] features that the strong student reads."""
    prior: FloatArray
    """[n] zero-shot evidence for label 1, from the strong model's own likelihoods, in nats."""
    label: IntArray
    """[n] 0 or 1. Embedded pairs are stored right minus wrong, label 1: whoever draws from them turns them around."""
    group: IntArray
    """[n] question ids; the items of one group stay on one side of every split."""
    role: IntArray
    """[n] ANY, TRAIN_LABEL, TRAIN_UNLABEL or TEST; ANY everywhere for embedded domains."""
    subset: tuple[str, ...]
    """[n] names of the slices that are reported apart; "" for none."""
    weak_layer: int
    """Layer of the language model behind `weak`."""
    strong_layer: int
    """Layer of the language model behind `strong`."""
    digest: str
    """SHA-256 that names the data in the ledger."""
    texts: Callable[[], Sequence[tuple[str, ...]]] | None = None
    """Gives [n] prompts, each with its first and second response or with its one answer, turned as the features are
    stored; None where nobody knows them. Called only where the protocol shows texts."""
    ood: IntArray | None = field(default=None, compare=False)
    """[n] 1 for items that the data mark as outside of the training distribution, 0 for those inside, -1 for unmarked;
    None where none is marked. Not part of the digest: it changes no split, and what it adds are facts."""
    cues: Callable[[], Mapping[str, IntArray]] = field(default=dict, compare=False)
    """Answers [n] of simple rules that read the texts (0 or 1 in the pool's own orientation, -1 for none), by name. For
    detectors only: a call may have to read the texts first. Not part of the digest."""

    def __post_init__(self) -> None:
        """Raises ValueError when lengths differ."""
        columns = (self.weak, self.strong, self.prior, self.label, self.group, self.role, self.subset)
        marks = self.label if self.ood is None else self.ood
        if len({len(column) for column in (*columns, marks)}) != 1:
            raise ValueError("the columns of a pool have different lengths")

    def __len__(self) -> int:
        """Number of items."""
        return len(self.label)
