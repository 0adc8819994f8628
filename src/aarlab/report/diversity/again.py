"""What is found again: methods that another researcher had handed in before, and who builds on whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    repeated = sum(_known(one, methods[:place]) for place, one in enumerate(methods))
    users: dict[str, set[str]] = {}
    starts = repeats = 0
    for one in methods:
        known = users.setdefault(one.family, set())
        if one.researcher not in known:
            starts += 1
            repeats += bool(known)
            known.add(one.researcher)
    return Again(len(methods), repeated, starts, repeats)


def _known(one: Made, before: Sequence[Made]) -> bool:
    foreign = (m for m in before if m.researcher != one.researcher and m.snapshot not in one.parents)
    return any(_alike(one.files, other.files) for other in foreign)


def _alike(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    if normal.fingerprint(one) == normal.fingerprint(other):
        return True
    small, large = sorted((normal.size(one), normal.size(other)))
    return small >= LONG and small >= ALIKE * large / 1.1 and normal.likeness(one, other) >= ALIKE
