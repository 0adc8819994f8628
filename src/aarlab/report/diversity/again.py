"""What is found again: methods that another researcher had handed in before, and who builds on whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aarlab.integrity import normal
from aarlab.integrity.detectors.duplicates import ALIKE, LONG


@dataclass(frozen=True)
class Made:
    """A method that was handed in, as it is compared."""

    snapshot: str
    """Its id."""
    researcher: str
    """Who handed it in first."""
    family: str
    """Of its proposal; text of the researcher."""
    parents: tuple[str, ...]
    """Snapshots that it builds on, as declared."""
    files: Mapping[str, str]
    """Its code."""


@dataclass(frozen=True)
class Again:
    """How much is found twice."""

    methods: int
    """Methods handed in."""
    repeated: int
    """Those that another researcher had handed in before, the same but for names or nearly, and that do not name it as
    what they build on (the bounds are those of the detector "near-duplicate")."""
    family_starts: int
    """Families that a researcher took up, summed over researchers."""
    family_repeats: int
    """Those among them that another researcher had taken up before."""

    @property
    def rate(self) -> float | None:
        """Re-discovered methods as a share of all; None without any."""
        return self.repeated / self.methods if self.methods else None


def again(methods: Sequence[Made]) -> Again:
    """Of methods in the order in which they were handed in."""
    read = [_Read.of(one) for one in methods]
    repeated = sum(_known(one, read[:place]) for place, one in enumerate(read))
    users: dict[str, set[str]] = {}
    starts = repeats = 0
    for one in methods:
        known = users.setdefault(one.family, set())
        if one.researcher not in known:
            starts += 1
            repeats += bool(known)
            known.add(one.researcher)
    return Again(len(methods), repeated, starts, repeats)


@dataclass(frozen=True)
class _Read:
    """What is compared of a method, made once: a study has a pair for every two methods."""

    made: Made
    fingerprint: str
    size: int
    sketch: Any
    """A MinHash; None for code that is too short to be compared by likeness."""

    @classmethod
    def of(cls, made: Made) -> "_Read":
        size = normal.size(made.files)
        sketch = normal.sketch(made.files) if size >= LONG else None
        return cls(made, normal.fingerprint(made.files), size, sketch)


def _known(one: _Read, before: Sequence[_Read]) -> bool:
    own = one.made
    foreign = (m for m in before if m.made.researcher != own.researcher and m.made.snapshot not in own.parents)
    return any(_alike(one, other) for other in foreign)


def _alike(one: _Read, other: _Read) -> bool:
    if one.fingerprint == other.fingerprint:
        return True
    small, large = sorted((one.size, other.size))
    return small >= LONG and small >= ALIKE * large / 1.1 and float(one.sketch.jaccard(other.sketch)) >= ALIKE
