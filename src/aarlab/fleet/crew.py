"""The researchers' processes: started one after another, watched, restarted, and given up on with a reason."""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aarlab.errors import UserError
from aarlab.fleet.engine.protocol import Engine, Job
from aarlab.fleet.guard import NOWHERE
from aarlab.fleet.logs import last_line, size
from aarlab.paths import StudyPaths
from aarlab.settings import WatchdogSettings
from aarlab.wire import ControlRequest, ResearcherState, StudyState

Control = Callable[[ControlRequest], None]
STAGGER_SECONDS = 0.1
BACKOFF_SECONDS = 0.5
GIVEN_UP = "given up"
"""Begins the reason of a pause that the watchdog has set."""
LEAVE_SECONDS = 10.0
"""What a process gets to end by itself when its researcher's mind is replaced."""

_STAMP = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ ")


@dataclass
class Member:
    """One researcher and its process."""

    name: str
    """As admitted."""
    due: float
    """When to start it next, on the monotonic clock."""
    job: Job | None = None
    """Its process while it runs."""
    done: bool = False
    """It ended properly, or was given up on."""
    held: bool = False
    """It has no process because the operator paused or stopped it."""
    restarts: int = 0
    """In this session."""
    seen: tuple[int, int] = (0, 0)
    """Size of its log and number of its last event."""
    seen_at: float = 0.0
    """When that last changed."""
    refused: str = ""
    """Why no restart would help: its own words when it ended with bad input."""
    log_start: int = 0
    """Size of its log when the process started."""
    replaced: int | None = None
    """How often its mind was replaced, when that was last seen."""
    control: str = "run"
    """What the operator wanted of it, when that was last seen."""
    leaving: float | None = None
    """On the monotonic clock: by when its process has to end, so that another mind takes over."""


class Crew:
    """All researchers of a fleet. Used from the orchestrator's one thread."""

    def __init__(
        self, names: list[str], *, paths: StudyPaths, engine: Engine, control: Control, watchdog: WatchdogSettings
    ) -> None:
        """`control` carries a request to the lab."""
        now = time.monotonic()
        self._members = [Member(name, due=now + index * STAGGER_SECONDS) for index, name in enumerate(names)]
        self._paths = paths
        self._engine = engine
        self._control = control
        self._watchdog = watchdog

    @property
    def active(self) -> bool:
        """Whether anybody is at work or about to start."""
        return any(not member.done and (member.job is not None or not member.held) for member in self._members)

    def tend(self, state: StudyState, *, starting: bool = True) -> None:
        """One look at everybody: starts who is due, restarts who crashed or fell silent. `starting=False` reaps."""
        states = {one.name: one for one in state.researchers}
        for member in self._members:
            self._heed(member, states[member.name])
            if member.job is not None:
                self._watch(member, states[member.name])
            elif starting and not member.done and time.monotonic() >= member.due:
                self._start(member, states[member.name])
            elif not starting:
                member.done = True

    @property
    def refused(self) -> str:
        """Why nobody can work, in the words of the first; "" while anybody may."""
        return self._members[0].refused if all(member.refused for member in self._members) else ""

    @property
    def names(self) -> list[str]:
        """Everybody, in the order of admission."""
        return [member.name for member in self._members]

    def has_process(self, name: str) -> bool:
        """Whether that researcher's process runs."""
        return any(member.name == name and member.job is not None for member in self._members)

    def terminate(self, name: str | None = None) -> None:
        """Asks one or every process to end at once; it may take a few seconds."""
        for member in self._members:
            if member.job is not None and name in (None, member.name):
                member.job.terminate()

    def kill(self, *, after: float) -> list[str]:
        """Waits up to `after` seconds for everybody, kills who is left, and names them."""
        deadline = time.monotonic() + after
        left = []
        for member in self._members:
            if member.job is not None and member.job.wait(timeout=max(0.0, deadline - time.monotonic())) is None:
                member.job.kill()
                left.append(member.name)
            member.job, member.done = None, True
        return left

    def _start(self, member: Member, state: ResearcherState) -> None:
        """A researcher that is paused or stopped is not started until the operator lets it run."""
        member.held = state.control != "run"
        if member.held:
            return
        log = self._log(member)
        member.log_start = size(log)
        member.seen, member.seen_at = (0, 0), time.monotonic()
        argv = [sys.executable, "-m", "aarlab.fleet.researcher", "--study", str(self._paths.root)]
        member.job = self._engine.start([*argv, "--name", member.name], log=log)

    def _heed(self, member: Member, state: ResearcherState) -> None:
        """Who was given another mind, or is let run again after its end, is started anew."""
        if member.replaced not in (None, state.replaced):
            self._afresh(member)
            if state.reason.startswith(GIVEN_UP):
                self._control(ControlRequest(action="run", researcher=member.name, reason="another mind"))
            if member.job is not None:
                member.job.terminate()
                member.leaving = time.monotonic() + LEAVE_SECONDS
        elif member.done and state.control == "run" != member.control:
            self._afresh(member)
        member.replaced, member.control = state.replaced, state.control

    def _afresh(self, member: Member) -> None:
        member.done, member.refused, member.restarts, member.due = False, "", 0, time.monotonic()

    def _watch(self, member: Member, state: ResearcherState) -> None:
        assert member.job is not None
        status = member.job.poll()
        if member.leaving is not None:
            self._see_off(member, status)
            return
        if status is not None:
            self._ended(member, status)
            return
        seen = (size(self._log(member)), state.last_seq)
        if seen != member.seen or state.control == "pause":
            member.seen, member.seen_at = seen, time.monotonic()
        elif time.monotonic() - member.seen_at > self._watchdog.silent_seconds:
            member.job.kill()
            member.job = None
            self._again(member, f"nothing was seen of it for {self._watchdog.silent_seconds:g} s")

    def _see_off(self, member: Member, status: int | None) -> None:
        """However the process of the old mind ends, the new one follows."""
        assert member.job is not None
        assert member.leaving is not None
        if status is None and time.monotonic() < member.leaving:
            return
        if status is None:
            member.job.kill()
        member.job = member.leaving = None

    def _ended(self, member: Member, status: int) -> None:
        member.job = None
        if status == 0:
            member.done = True
            return
        said = last_line(self._log(member), after=member.log_start)
        if status == UserError.exit_code:
            member.refused = _STAMP.sub("", said)
            self._give_up(member, f"{GIVEN_UP}: {member.refused}")
            return
        if status == NOWHERE:
            self._give_up(member, f"{GIVEN_UP}: {_STAMP.sub('', said)}")
            return
        self._again(member, said or f"it ended with status {status}")

    def _again(self, member: Member, why: str) -> None:
        """Another start after a growing pause, or the end of it with a reason in the ledger."""
        if member.restarts >= self._watchdog.restarts:
            self._give_up(member, f"{GIVEN_UP} after {member.restarts} restarts: {why}")
            return
        member.restarts += 1
        member.due = time.monotonic() + BACKOFF_SECONDS * 2 ** (member.restarts - 1)

    def _give_up(self, member: Member, reason: str) -> None:
        member.done = True
        self._control(ControlRequest(action="pause", researcher=member.name, reason=reason))

    def _log(self, member: Member) -> Path:
        return self._paths.logs / f"{member.name}.log"
