"""What an attack is: something that a researcher may try, run against a naive scorer and against this installation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from aarlab.redteam.naive import NaiveScorer
from aarlab.redteam.target import Range


@dataclass(frozen=True)
class Blow:
    """How an attack ended on one side, with the number that decides."""

    number: float
    """What the attacker got out of it."""
    unit: str
    """What is counted, for example "labels known" or "points of verified accuracy"."""
    bound: float
    """Above this the attack has worked."""
    words: str
    """One line on what happened."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """What else was measured, by name."""

    @property
    def worked(self) -> bool:
        """Whether the attacker gained what must not be gained."""
        return self.number > self.bound


@dataclass(frozen=True)
class Attack:
    """One row of the table."""

    name: str
    """Short, in words: "flip one label"."""
    kind: Literal["labels", "noise", "identity", "cheat", "code", "host", "ledger", "text"]
    """What it is after."""
    summary: str
    """One sentence: what the attacker does."""
    naive: Callable[[NaiveScorer], Blow]
    """The attack on the naive scorer, where it must work: an attack that nobody can make work proves nothing."""
    ours: Callable[[Range], Blow]
    """The same through this installation's doors, where it must not."""
