"""What a problem needs in its sandboxes beyond the Python that all of them have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from aarlab.errors import UserError
from aarlab.problem.contract import Problem
from aarlab.settings import StudyConfig


@dataclass(frozen=True)
class Folder:
    """Files that sandboxes read, for example a model. Labels do not belong there."""

    source: Path
    """Folder on the host."""
    files: tuple[str, ...]
    """Which of its files, by name."""
    digest: str
    """Names the content: at least 24 letters and digits."""


@dataclass(frozen=True)
class Equipment:
    """Of all sandboxes of a study."""

    packages: tuple[str, ...] = ()
    """Installed distributions that methods may import; what these need comes with them."""
    folders: Mapping[str, Folder] = field(default_factory=dict)
    """Read-only, by their absolute place inside."""
    memory_mb: int = 0
    """The least that a training can do with."""
    student_mb: int = 0
    """Size of a plain student."""

    def check(self, config: StudyConfig) -> None:
        """Raises UserError on limits that are too small for any training."""
        if config.sandbox.memory_mb < self.memory_mb:
            raise UserError(
                f"sandbox.memory_mb = {config.sandbox.memory_mb} is too small for the models of this problem: set at "
                f"least {self.memory_mb}"
            )
        own = config.sandbox
        if config.limits.student_mb < self.student_mb:
            raise UserError(
                f"limits.student_mb = {config.limits.student_mb} is too small: a plain student of this problem has "
                f"{self.student_mb} MB, an ensemble several times that"
            )
        if own.disk_mb < self.student_mb * config.dev.seeds:
            raise UserError(
                f"sandbox.disk_mb = {own.disk_mb} is too small: {config.dev.seeds} students of {self.student_mb} MB "
                "must fit at the same time"
            )


NOTHING = Equipment()
"""Of a problem that says nothing."""


@runtime_checkable
class Equipped(Protocol):
    """A problem whose sandboxes need more."""

    def equipment(self) -> Equipment:
        """What they need; it follows from the problem's settings."""
        ...


def equipment_of(problem: Problem) -> Equipment:
    """What the problem says, if it does."""
    return problem.equipment() if isinstance(problem, Equipped) else NOTHING
