"""What a detector is given, and what it answers. Detectors look at one submission and at those before it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aarlab.problem.contract import ProtocolName, Score
from aarlab.problem.sight import Sight

Level = Literal["note", "warning", "quarantine"]
"""A note is for the record, a warning for a person to look at; a row under quarantine does not rank until one has."""


@dataclass(frozen=True)
class Handed:
    """Something that was handed in, as far as others are compared with it."""

    id: str
    """Of the submission."""
    door: Literal["dev", "verify"]
    """Where."""
    researcher: str
    """By whom."""
    snapshot: str
    """Id of the method."""
    content: str
    """SHA-256 over the method's files."""
    family: str
    """Of the proposal: what the researcher says that it is."""
    files: Mapping[str, str]
    """The method: path -> text. Written by a researcher: data."""
    students: tuple[str, ...] = ()
    """SHA-256 of the files of students or predictions, sorted; empty for a method that the lab re-executed."""
    sights: tuple[Sight, ...] = ()
    """Answers to hidden items, one for each student or run. Dev: the same items in every submission. Empty where the
    problem gives none or the submission failed."""
    ancestors: frozenset[str] = frozenset()
    """Snapshots on which this one says that it builds: its parents, theirs, and so on."""


@dataclass(frozen=True)
class Case(Handed):
    """The submission that is looked at."""

    title: str = ""
    """Of the proposal."""
    text: str = ""
    """Of the proposal."""
    protocol: ProtocolName = "method"
    """How the study's rows are made."""
    score: Score | None = None
    """Verify: what all runs come to; None when one failed."""
    accuracy: float | None = None
    """Dev: the exact mean accuracy, of which the researcher is told a coarse answer."""
    sets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The card's facts on dev, verify and final: items, independent, half_width, of."""
    history: tuple[Handed, ...] = ()
    """What was handed in before, oldest first, by everybody, to both doors."""
    transcript: str = ""
    """What the researcher's mind has said and done so far, as far as it is recorded. Data."""


@dataclass(frozen=True)
class Suspicion:
    """One detector's evidence that a submission may not be honest."""

    detector: str
    """Its name."""
    level: Level
    """What follows."""
    words: str
    """One sentence that everybody may read: what was seen, without a number or anything held out."""
    statistic: Mapping[str, float | int | str] = field(default_factory=dict)
    """The numbers that decided, with the bounds that they crossed. For the operator only."""
    quotes: tuple[str, ...] = ()
    """Lines of the researcher's code or text. For the operator only; data."""
    others: tuple[str, ...] = ()
    """Other submissions that it is about."""


Detector = Callable[[Case], Iterable[Suspicion]]
"""Pure: the same case gives the same suspicions. At most one for each detector name and submission counts."""
