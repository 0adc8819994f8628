"""The workbench of one researcher: its door, its sandbox, its meter and the operator's wishes."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aarlab.api.client import Door
from aarlab.errors import ResearcherError, UserError
from aarlab.fleet.forum_files import ForumFiles
from aarlab.fleet.guard import Guard
from aarlab.fleet.meter import Meter
from aarlab.fleet.program import Hear, follow
from aarlab.minds.protocol import GivenUp, Share, Sockets, Stopped
from aarlab.sandbox.protocol import Completed, Sandbox, Streams
from aarlab.settings import END_SECONDS, BudgetSettings, ResearcherSettings
from aarlab.wire import Finding, ProblemCard, Tokens

PAUSE_POLL_SECONDS = 1.0
SIGN_SECONDS, SIGN_CORE_SECONDS = 20.0, 1.0
"""A program that has used its core for the second in the first gives a sign of life, though it says nothing."""
LEASE_SECONDS = 30.0
"""For so long the core time of a program that runs is paid ahead; it is looked at far more often."""
CAPS = ("dollars", "experiments", "dev_answers", "verifications")
"""What a researcher may have a cap of its own for; named alike in [budget], [[researcher]] and Share."""
ROUNDING = 1e-9
"""Caps that add up to so much more than the budget are the budget."""


def fair_share(
    budget: BudgetSettings, *, index: int, researchers: int, own: Sequence[ResearcherSettings] = ()
) -> Share:
    """What the researcher at `index` may spend: its own caps, and of the rest an equal part for each that has none.

    `own` has everybody's caps, by default none. Raises UserError when they are together more than the budget.
    """
    caps = own or [ResearcherSettings()] * researchers
    parts = {name: _part(name, getattr(budget, name), [getattr(one, name) for one in caps], index) for name in CAPS}
    return Share(**parts)


def _part(name: str, whole: Any, caps: Sequence[Any], index: int) -> Any:
    """Of a count the first get what does not divide."""
    given = [cap for cap in caps if cap is not None]
    rest, others = whole - sum(given), len(caps) - len(given)
    if rest < -ROUNDING:
        raise UserError(f"researcher.{name}: the caps are {sum(given):g} together, and budget.{name} is {whole:g}")
    if caps[index] is not None:
        return caps[index]
    if isinstance(whole, float):
        return max(0.0, rest) / others
    return rest // others + (caps[:index].count(None) < rest % others)


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
        guard: Guard,
        second: float = 0.0,
        posts: Callable[[], Sequence[Finding]] | None = None,
    ) -> None:
        """`second`: the most dollars that a second of a command costs. `posts`: the forum, where not the door has it.

        The sandbox is started.
        """
        self.door = door
        self.me = door.me()
        self.card: ProblemCard = door.problem()
        self.share = share
        self.log = log
        self.record = record
        self.watchdog = guard.settings
        self.warn = guard.warn
        self.calling = guard.calling
        self._guard = guard
        self._second = second
        self.sockets = Sockets(sandbox.spec.sock, sandbox.spec.uid)
        self._sandbox = sandbox
        self._counting, self._used = threading.Lock(), sandbox.used()
        self._meter = meter
        self._seconds = seconds
        self._stop = stop
        self._forum = ForumFiles(sandbox.put)
        self._posts = posts or door.forum
        self.said: Sequence[str] = self.me.messages
        self._paused = False
        self._asked_at = 0.0

    def should_stop(self) -> bool:
        """True when the operator wants this researcher to finish; waits while it is paused. Raises Stopped."""
        while True:
            self.check()
            me = self.door.me()
            self._show(me.messages)
            self._asked_at = time.monotonic()
            if me.control != "pause":
                self._paused = False
                return me.control == "stop"
            if not self._paused:
                self._paused = True
                self.log("paused by the operator")
            self._guard.touch()
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
        argv = [words.get(word, word) for word in self.card.run]
        return self._metered(argv, seconds=self._seconds, experiments=len(seeds))

    def run(self, command: str, *, seconds: float) -> Completed:
        """Runs a shell command in the workspace; its core time costs what a training's does. Raises as in `train`."""
        self.check()
        return self._metered(["/bin/sh", "-c", command], seconds=min(seconds, self._seconds))

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
        """Runs a program that works by itself; its core time costs what a training's does. Raises as in `train`.

        Money is set aside for LEASE_SECONDS at a time, so that its model and its tools have the rest; when there is
        none for the next, the program is ended. When this process is killed, what was set aside is spent.
        """
        self.check()
        rounds, worst = _Rounds(self._meter.cpu_seconds), LEASE_SECONDS * self._second
        self._require(worst, what=f"{LEASE_SECONDS:.0f} s of work")
        self._meter.hold(worst, lease=True)
        held = worst

        def look() -> bool:
            nonlocal held
            self._count(rounds.seconds(), held=held, lease=True)
            held = self._lease(worst)
            if rounds.due(self._meter.cpu_seconds):
                self.log("the program works")
                self._meter.report()
            return until() or held < worst

        def run(streams: Streams) -> Completed:
            return self._sandbox.exec(argv, timeout=seconds, env=env, streams=streams)

        try:
            return follow(run, out=out, err=err, check=self.check, look=look, kill=self._sandbox.kill)
        finally:
            self._count(rounds.seconds(), held=held, lease=True)

    def reserve(self, dollars: float) -> None:
        """Sets money aside before a model is asked; waits while paused, so that who is paused asks nobody.

        Raises Stopped, ResearcherError(code="budget"), OperatorError.
        """
        if time.monotonic() - self._asked_at >= PAUSE_POLL_SECONDS:
            self.should_stop()
        self._require(dollars - self._meter.reserved, what="a call")
        self._meter.reserve(dollars)

    def pay(self, dollars: float, *, model: str = "", tokens: Tokens | None = None) -> None:
        """What the call has cost."""
        self._meter.pay(dollars, model=model, tokens=tokens)

    def dollars_left(self) -> float:
        """Its share less what its sandbox and its models have cost, and may cost with what is under way."""
        return self.share.dollars - self._meter.dollars

    def experiments_left(self) -> int:
        """Its share less what was ever started."""
        return self.share.experiments - self._meter.experiments

    def findings(self) -> Sequence[Finding]:
        """The forum, after bringing /work/forum up to date."""
        findings = self._posts()
        self._forum.sync(findings)
        return findings

    def check(self) -> None:
        """Raises Stopped when this process was told to end, GivenUp when the watchdog ends it."""
        if self._guard.reason:
            raise GivenUp(self._guard.reason)
        if self._stop.is_set():
            raise Stopped

    def _metered(self, argv: Sequence[str], *, seconds: float, experiments: int = 0) -> Completed:
        """Runs a command inside whose worst cost was set aside. Raises Stopped, ResearcherError(code="budget")."""
        worst = (seconds + END_SECONDS) * self._second
        self._require(worst, what=f"{seconds:.0f} s of work")
        self._meter.hold(worst)
        self._meter.starts(experiments)
        done = self._sandbox.exec(argv, timeout=seconds)
        self._count(done.seconds, held=worst)
        self.check()
        return done

    def _require(self, dollars: float, *, what: str) -> None:
        if dollars > max(0.0, self.dollars_left()):
            left = f"${max(0.0, self.dollars_left()):.4f} of your share are left"
            raise ResearcherError(f"{what} may cost ${dollars:.4f} and {left}", code="budget")

    def _lease(self, dollars: float) -> float:
        """Sets so much aside once more; 0 where it, or the team, has not got it."""
        try:
            self._require(dollars, what="to go on")
            self._meter.hold(dollars, lease=True)
        except ResearcherError:
            return 0.0
        return dollars

    def _count(self, seconds: float, *, held: float, lease: bool = False) -> None:
        """Puts down what the sandbox has used since the last time: commands may run side by side."""
        with self._counting:
            used = self._sandbox.used()
            more = used - self._used if used >= self._used else used
            self._used = used
            self._meter.ended(cpu_seconds=more, wall_seconds=seconds, held=held, lease=lease)

    def _show(self, messages: Sequence[str]) -> None:
        for message in messages[len(self.said) :]:
            self.log(f"the operator says: {message!r}")
        self.said = messages


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
