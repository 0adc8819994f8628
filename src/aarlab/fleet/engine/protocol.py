"""Where the processes of a fleet run. The default is this machine; a cluster is another implementation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Job(Protocol):
    """One started process with everything below it."""

    @property
    def pid(self) -> int:
        """Process id on the machine where it runs."""
        ...

    def poll(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        ...

    def terminate(self) -> None:
        """Asks it to end (SIGTERM); returns at once."""
        ...

    def wait(self, *, timeout: float) -> int | None:
        """Exit status, or None when it still runs after `timeout` seconds."""
        ...

    def kill(self) -> int:
        """Ends it and everything below it by force, and returns the exit status."""
        ...


class Engine(Protocol):
    """Starts jobs."""

    def start(self, argv: Sequence[str], *, log: Path) -> Job:
        """Runs a command in its own session, its output appended to `log`. Raises OperatorError."""
        ...
