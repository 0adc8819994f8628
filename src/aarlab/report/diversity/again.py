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
<<<<<<< HEAD
    repeated = _repeated(methods)
=======
    read = [_Read.of(one) for one in methods]
    repeated = sum(_known(one, read[:place]) for place, one in enumerate(read))
>>>>>>> notebook
    users: dict[str, set[str]] = {}
    starts = repeats = 0
    for one in methods:
        known = users.setdefault(one.family, set())
        if one.researcher not in known:
            starts += 1
            repeats += bool(known)
            known.add(one.researcher)
    return Again(len(methods), repeated, starts, repeats)


<<<<<<< HEAD
def _repeated(methods: Sequence[Made]) -> int:
    """How many are the same as an earlier one of another researcher, or, where code is long, nearly the same."""
    same: dict[str, list[Made]] = {}
    long: list[tuple[Made, int]] = []
    count = 0
    for one in methods:
        alike, size = same.setdefault(normal.fingerprint(one.files), []), normal.size(one.files)
        near = [other for other, known in long if _similar(one, other, sizes=(size, known))]
        count += any(_foreign(one, other) for other in (*alike, *near))
        alike.append(one)
        if size >= LONG:
            long.append((one, size))
    return count


def _foreign(one: Made, other: Made) -> bool:
    return other.researcher != one.researcher and other.snapshot not in one.parents


def _similar(one: Made, other: Made, *, sizes: tuple[int, int]) -> bool:
    small, large = sorted(sizes)
    return small >= LONG and small >= ALIKE * large / 1.1 and normal.likeness(one.files, other.files) >= ALIKE
=======
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
>>>>>>> notebook
