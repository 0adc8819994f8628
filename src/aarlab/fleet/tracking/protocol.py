"""What a tracker is: the one small hook. Five are shipped; "jsonl" needs nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Run:
    """A study, as a tracker is told of it."""

    id: str
    """The same in every session of the study."""
    name: str
    """As in the study file."""
    project: str
    """Under which it is kept."""
    settings: Mapping[str, str | int | float]
    """What one compares studies by. No seed, no path, no key."""


@dataclass(frozen=True)
class Sample:
    """What is new in the study."""

    step: int
    """Place in the ledger."""
    time: float
    """UTC seconds."""
    numbers: Mapping[str, float]
    """By name, such as "verified/value"."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Words of researchers, where the study file asks for them: data."""


class Tracker(Protocol):
    """Where samples go. It lives in a process of its own, and whatever it raises ends that process alone."""

    def begin(self, run: Run) -> None:
        """Once in each session, before the first sample; goes on with a run that is there."""
        ...

    def log(self, sample: Sample) -> None:
        """Takes one sample; steps grow."""
        ...

    def close(self) -> None:
        """Sends what is under way."""
        ...
