"""What a mind is, and the one thing it is given: a workbench. A mind knows nothing else of aarlab."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from aarlab.api.client import Door
from aarlab.sandbox.protocol import Completed
from aarlab.settings import WatchdogSettings
from aarlab.wire import Finding, Me, ProblemCard, Tokens


class Stopped(Exception):  # noqa: N818 - it is no error: the researcher was asked to stop at once
    """Raised by a workbench out of whatever the mind was doing; what was not finished is done again next time."""


class GivenUp(Stopped):
    """The researcher gets nowhere, says the watchdog: it is paused with this reason until the operator decides."""


@dataclass(frozen=True)
class Share:
    """This researcher's part of what the whole team may spend."""

    experiments: int
    """Trainings."""
    dev_answers: int
    """Answers of the dev set."""
    verifications: int
    """Methods sent to verify."""
    dollars: float = 0.0
    """Calls of its model and its sandbox together."""


@dataclass(frozen=True)
class Sockets:
    """Where a mind may listen for what runs in its sandbox."""

    folder: Path | None
    """Host folder that is /sock inside; None = there is none."""
    uid: int | None
    """Host user of the sandbox, who must be able to connect; None = our own."""


class Workbench(Protocol):
    """A researcher's door to the lab and its sandbox, with the command that trains a method."""

    @property
    def door(self) -> Door:
        """The researcher's own door: what any outside agent could use."""
        ...

    @property
    def me(self) -> Me:
        """Name, direction and seed, as they were when the mind began."""
        ...

    @property
    def card(self) -> ProblemCard:
        """The public face of the problem."""
        ...

    @property
    def share(self) -> Share:
        """What this researcher should keep to."""
        ...

    @property
    def watchdog(self) -> WatchdogSettings:
        """How long a mind may get nowhere."""
        ...

    def warn(self, words: str) -> None:
        """The watchdog's warning: to the researcher as a message of the operator, and into the ledger with it."""
        ...

    def calling(self) -> AbstractContextManager[None]:
        """Around each call of a tool: after the first, minutes without one are counted."""
        ...

    @property
    def said(self) -> Sequence[str]:
        """What the operator has written to this researcher, oldest first, as `should_stop` has seen it last."""
        ...

    def should_stop(self) -> bool:
        """Asked between steps: True when it is time to finish properly. Waits while paused. Raises Stopped."""
        ...

    def check(self) -> None:
        """Raises Stopped when the process must end at once; for long waits, it asks nobody."""
        ...

    def log(self, action: str) -> None:
        """One line on what is being done; also the sign of life that the watchdog looks for."""
        ...

    def put(self, path: str, data: bytes) -> None:
        """Writes a file of the workspace. Raises ResearcherError."""
        ...

    def get(self, path: str, *, max_bytes: int) -> bytes | None:
        """Reads a file of the workspace; None when there is none. Raises ResearcherError on what is no plain file."""
        ...

    def train(self, method: str, *, out: str, seeds: Sequence[int]) -> Completed:
        """Runs the card's command on a method folder of the workspace; counts as one experiment a seed.

        Raises Stopped, and ResearcherError(code="budget") when its share of experiments does not suffice.
        """
        ...

    def run(self, command: str, *, seconds: float) -> Completed:
        """Runs a shell command in the sandbox, in the workspace. Raises Stopped, ResearcherError(code="budget")."""
        ...

    @property
    def sockets(self) -> Sockets:
        """Where to listen for programs in the sandbox."""
        ...

    def program(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        seconds: float,
        out: Callable[[str], None],
        err: Callable[[str], None],
        until: Callable[[], bool],
    ) -> Completed:
        """Runs a program in the sandbox that works by itself; `out` and `err` hear each line that it writes.

        `until` is asked every few seconds; when it is True, or the money is used up, the program and everything else
        in the sandbox is ended. Raises Stopped, ResearcherError(code="budget").
        """
        ...

    def reserve(self, dollars: float) -> None:
        """Sets aside what a call of a model may cost at worst. Raises ResearcherError(code="budget") beyond the cap."""
        ...

    def pay(self, dollars: float, *, model: str = "", tokens: Tokens | None = None) -> None:
        """What the call that was reserved has cost; `model` is "provider/model", `tokens` are those of its answer."""
        ...

    def dollars_left(self) -> float:
        """What this researcher may still spend."""
        ...

    def record(self, entry: Mapping[str, Any]) -> None:
        """Appends an entry to the researcher's transcript, which the operator keeps. Secrets are blanked out."""
        ...

    def experiments_left(self) -> int:
        """Trainings that this researcher may still start."""
        ...

    def findings(self) -> Sequence[Finding]:
        """The forum, oldest first, after bringing its files in the workspace up to date."""
        ...


class Mind(Protocol):
    """What decides."""

    def run(self, bench: Workbench) -> None:
        """Works until the bench says stop or nothing is left to do. Raises Stopped, ResearcherError, OperatorError."""
        ...
