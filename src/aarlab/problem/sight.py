"""What the lab's detectors see of answers to hidden items. It stays on the lab's side, always."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sight:
    """The answers of one student to the hidden items of one set or draw. All arrays are [n], in one order."""

    answers: Bools
    """The class that the student gives each item."""
    right: Bools
    """Whether that is the true one."""
    weak: Bools
    """Whether the weak teacher is right."""
    ceiling: Bools
    """Whether the ceiling is right."""
    group: Ints
    """Items of one group stand or fall together."""
    margin: Floats | None = None
    """How sure (>= 0) a model that answers like this would be of each item, as the lab predicts it from the answers to
    all others; None where the lab has not looked."""
    cues: Mapping[str, Bools] = field(default_factory=dict)
    """Answers of simple rules to the items, by name: "longer", "first option", "constant", "most common answer"."""
    silent: Mapping[str, Bools] = field(default_factory=dict)
    """Items of which such a rule says nothing, by its name; not there for rules that have an answer to all."""
    slices: Mapping[str, Bools] = field(default_factory=dict)
    """Which items belong to a named part of the data."""
    canary: Ints | None = None
    """Labels that a bait file claims for some of the items, wrong on purpose: 0 or 1, -1 for all others."""
