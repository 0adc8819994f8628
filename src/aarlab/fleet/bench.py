"""The workbench of one researcher: its door, its sandbox, its meter and the operator's wishes."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aarlab.api.client import Door
from aarlab.errors import ResearcherError
from aarlab.fleet.forum_files import ForumFiles
from aarlab.fleet.meter import Meter
from aarlab.fleet.program import Hear, follow
from aarlab.minds.protocol import Share, Sockets, Stopped
from aarlab.sandbox.protocol import Completed, Sandbox, Streams
from aarlab.settings import BudgetSettings
from aarlab.wire import Finding, ProblemCard

PAUSE_POLL_SECONDS = 1.0
SIGN_SECONDS, SIGN_CORE_SECONDS = 20.0, 1.0
"""A program that has used its core for the second in the first gives a sign of life, though it says nothing."""


def fair_share(budget: BudgetSettings, *, index: int, researchers: int) -> Share:
    """An equal part of the team's budgets; the first researchers get what does not divide."""

    def part(whole: int) -> int:
        return whole // researchers + (index < whole % researchers)

    return Share(
        experiments=part(budget.experiments),
        dev_answers=part(budget.dev_answers),
        verifications=part(budget.verifications),
        dollars=budget.dollars / researchers,
    )


class Bench:
    """See `minds.protocol.Workbench`. `stop` is set when the process was told to end at once."""

    def __init__(
        self,
        door: Door,
        sandbox: Sandbox,
        *,
        meter: Meter,
        share: Share,
        seconds: float,
        stop: threading.Event,
        log: Callable[[str], None],
        record: Callable[[Mapping[str, Any]], None],
        cpu_hour: float = 0.0,
    ) -> None:
        """`cpu_hour`: dollars for an hour of one core. The sandbox is started."""
        self.door = door
        self.me = door.me()
        self.card: ProblemCard = door.problem()
        self.share = share
        self.log = log
        self.record = record
        self.sockets = Sockets(sandbox.spec.sock, sandbox.spec.uid)
        self._cpu_second = cpu_hour / 3600
        self._sandbox = sandbox
        self._counting, self._used = threading.Lock(), sandbox.used()
        self._meter = meter
        self._seconds = seconds
        self._stop = stop
        self._forum = ForumFiles(sandbox.put)
        self._messages = len(self.me.messages)

    def should_stop(self) -> bool:
        """True when the operator wants this researcher to finish; waits while it is paused. Raises Stopped."""
        while True:
            self.check()
            me = self.door.me()
            self._show(me.messages)
            if me.control != "pause":
                return me.control == "stop"
            self.log("paused by the operator")
            self._stop.wait(PAUSE_POLL_SECONDS)

    def put(self, path: str, data: bytes) -> None:
        """Writes a file of the workspace."""
        self._sandbox.put(path, data)

    def get(self, path: str, *, max_bytes: int) -> bytes | None:
        """Reads a file of the workspace; None when there is none."""
        try:
            return self._sandbox.get(path, max_bytes=max_bytes)
        except ResearcherError as error:
            if error.code == "missing":
                return None
            raise

    def train(self, method: str, *, out: str, seeds: Sequence[int]) -> Completed:
        """Runs the card's command inside, one experiment a seed. Raises Stopped, ResearcherError(code="budget")."""
        self.check()
        if len(seeds) > self.experiments_left():
            raise ResearcherError("your share of the team's experiments is used up", code="budget")
        words = {
            "{method}": f"/work/{method}",
            "{data}": "/data",
            "{out}": f"/work/{out}",
            "{seed}": ",".join(str(seed) for seed in seeds),
        }
        self._meter.starts(len(seeds))
        done = self._sandbox.exec([words.get(word, word) for word in self.card.run], timeout=self._seconds)
        self._count(done.seconds)
        self.check()
        return done

    def run(self, command: str, *, seconds: float) -> Completed:
        """Runs a shell command in the workspace; its core time costs what a training's does. Raises as in `train`."""
        self._afford()
        done = self._sandbox.exec(["/bin/sh", "-c", command], timeout=min(seconds, self._seconds))
        self._count(done.seconds)
        self.check()
        return done

    def program(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        seconds: float,
        out: Hear,
        err: Hear,
        until: Callable[[], bool],
    ) -> Completed:
        """Runs a program that works by itself; its core time costs what a training's does. Raises as in `train`."""
        self._afford()
        rounds = _Rounds(self._meter.cpu_seconds)

        def look() -> bool:
            self._count(rounds.seconds())
            if rounds.due(self._meter.cpu_seconds):
                self.log("the program works")
                self._meter.report()
            return until() or self._broke()

        def run(streams: Streams) -> Completed:
            return self._sandbox.exec(argv, timeout=seconds, env=env, streams=streams)

        try:
            return follow(run, out=out, err=err, check=self.check, look=look, kill=self._sandbox.kill)
        finally:
            self._count(rounds.seconds())

    def reserve(self, dollars: float) -> None:
        """Sets money aside before a model is asked. Raises ResearcherError(code="budget"), OperatorError."""
        left = min(self.dollars_left(), self._meter.team_dollars())
        if dollars > left:
            raise ResearcherError(f"a call may cost ${dollars:.4f} and ${left:.4f} are left", code="budget")
        self._meter.reserve(dollars)

    def pay(self, dollars: float) -> None:
        """What the call has cost."""
        self._meter.pay(dollars)

    def dollars_left(self) -> float:
        """Its share less what its sandbox and its model have cost."""
        return self.share.dollars - self._meter.cpu_seconds * self._cpu_second - self._meter.model_dollars

    def experiments_left(self) -> int:
        """Its share less what was ever started."""
        return self.share.experiments - self._meter.experiments

    def findings(self) -> Sequence[Finding]:
        """The forum, after bringing /work/forum up to date."""
        findings = self.door.forum(after=0)
        self._forum.sync(findings)
        return findings

    def check(self) -> None:
        """Raises Stopped when this process was told to end."""
        if self._stop.is_set():
            raise Stopped

    def _afford(self) -> None:
        self.check()
        if self._broke():
            raise ResearcherError("your share of the team's money is used up", code="budget")

    def _broke(self) -> bool:
        return bool(self._cpu_second) and self.dollars_left() <= 0

    def _count(self, seconds: float) -> None:
        """Puts down what the sandbox has used since the last time: commands may run side by side."""
        with self._counting:
            used = self._sandbox.used()
            more = used - self._used if used >= self._used else used
            self._used = used
            self._meter.ended(cpu_seconds=more, wall_seconds=seconds)

    def _show(self, messages: Sequence[str]) -> None:
        for message in messages[self._messages :]:
            self.log(f"the operator says: {message!r}")
        self._messages = len(messages)


class _Rounds:
    """When a program that runs was last looked at, and when it last gave a sign of life."""

    def __init__(self, used: float) -> None:
        self._looked = self._signed = time.monotonic()
        self._used = used

    def seconds(self) -> float:
        """Since the last call."""
        now = time.monotonic()
        passed, self._looked = now - self._looked, now
        return passed

    def due(self, used: float) -> bool:
        """Whether a sign of life is due, and there is one."""
        now = time.monotonic()
        if now - self._signed < SIGN_SECONDS:
            return False
        works = used - self._used >= SIGN_CORE_SECONDS
        self._signed, self._used = now, used
        return works
