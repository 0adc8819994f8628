"""A person's place in a study: the sandbox of a researcher, the same doors, the same clock and the same budgets."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Self

from aarlab.api.client import Door, Operator
from aarlab.digest import FILE, FILE_BYTES
from aarlab.errors import OperatorError, ResearcherError, UserError
from aarlab.fleet import relay
from aarlab.fleet.forum_files import ForumFiles, posts_of
from aarlab.fleet.housing import backend_of, house
from aarlab.fleet.meter import Meter
from aarlab.fleet.study import running, stop_requested
from aarlab.fleet.welcome import welcome
from aarlab.lab.office import HUMAN
from aarlab.minds.tools.news import digest_through
from aarlab.paths import StudyPaths
from aarlab.sandbox.protocol import Completed, Streams
from aarlab.settings import StudyConfig
from aarlab.wire import ResearcherRequest, ResearcherState, StudyState

AGENT = "agent"
"""The mind of an agent that is run by somebody outside, over MCP."""
DIRECTIONS = {HUMAN: "handed in by a person", AGENT: "its own: an agent from outside"}
POLL_SECONDS = 0.5
METER_SECONDS = 15.0
HELD_SECONDS = 2 * METER_SECONDS
"""For so long the money is set aside each time: the lab may be slow to answer."""
DEADLINE_SECONDS = 2.0
LOST = 5
"""Looks at the lab without an answer after which it is taken to be gone."""
LAST_SECONDS = 60.0
"""Working time left when a person is told of it."""
INTERRUPTED = 130
Tell = Callable[[str], None]


def admit_person(operator: Operator, name: str, *, mind: str = HUMAN) -> int:
    """Admits who comes from outside, or finds it admitted; its index. Raises UserError for the name of another mind."""
    known = operator.state().researchers
    names = [one.name for one in known]
    if name in names:
        if known[names.index(name)].mind != mind:
            raise UserError(f"{name} is a researcher of this study already, of another kind")
        return names.index(name)
    operator.admit(ResearcherRequest(name=name, mind=mind, direction=DIRECTIONS[mind]))
    return [one.name for one in operator.state().researchers].index(name)


@contextmanager
def seat_lock(paths: StudyPaths, *, name: str, patience: float = 0.0) -> Iterator[None]:
    """One shell a person. Raises UserError when there is one; the kernel drops the lock when its holder ends.

    `patience` is how many seconds one that is about to end has for it.
    """
    paths.logs.mkdir(exist_ok=True)
    until = time.monotonic() + patience
    with (paths.logs / f"{name}.lock").open("ab") as lock:
        while not _locked(lock.fileno()):
            if time.monotonic() > until:
                raise UserError(f"{name} has joined this study already, in another terminal; leave that one first")
            time.sleep(POLL_SECONDS)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Seat:
    """A context manager around the sandbox; `run` is called once, from the main thread."""

    mind = HUMAN
    """In the ledger."""

    def __init__(self, paths: StudyPaths, config: StudyConfig, *, name: str, alone: bool, tell: Tell) -> None:
        """`alone`: no fleet is at work, the lab was opened for this person. `tell` shows the person a line."""
        self._paths, self._config, self._name, self._alone, self._tell = paths, config, name, alone, tell
        self._stack = ExitStack()
        self._left = threading.Event()
        self._killed = False
        self._told: set[str] = set()
        self._seen = 0
        self._missed = 0
        self.ended = ""
        """Why the person was shown out; empty when it left by itself."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._operator = stack.enter_context(Operator(self._paths.operator_socket, deadline=DEADLINE_SECONDS))
            self._index = admit_person(self._operator, self._name, mind=self.mind)
            state = self._operator.state()
            if (spent := self._spent(state)) is not None:
                raise UserError(f"{spent}; the board and the forum stay readable (aarlab board, aarlab forum)")
            self._seconds = state.budgets.seconds
            settings = self._config.sandbox
            self._sandbox = house(backend_of(settings), self._paths, settings, name=self._name, index=self._index)
            stack.enter_context(self._sandbox)
            self._lab = self._paths.socket_folder(self._name) / "lab.sock"
            self._door = stack.enter_context(Door(self._lab, deadline=DEADLINE_SECONDS))
            self._posts = posts_of(self._door, self._operator)
            self._furnish()
            stack.enter_context(self._attended())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def run(self, command: str | None, *, terminal: bool, stopped: threading.Event) -> int:
        """A shell, or one command, until it ends; its exit status as a shell gives it. `stopped` ends it at once."""

        def inside(streams: Streams) -> Completed:
            argv = ["sh", "-c", command or ""] if not terminal else ["python", "-P", "-m", "aarlab.inside.shell"]
            argv += [command] if terminal and command is not None else []
            env = {"TERM": os.environ.get("TERM") or "dumb", "PS1": f"{self._name}:\\w\\$ "}
            return self._sandbox.exec(argv, timeout=self._seconds + LAST_SECONDS, env=env, streams=streams)

        def tick() -> None:
            if stopped.is_set() or self._killed:
                self._sandbox.kill()

        carry = relay.on_terminal if terminal else relay.on_pipes
        done = carry(inside, tick=tick, kill=self._sandbox.kill)
        if stopped.is_set():
            return INTERRUPTED
        return done.returncode if done.returncode >= 0 else 128 - done.returncode

    def _furnish(self) -> None:
        """README.md and the forum's files. Raises UserError when the workspace has no room for them."""
        self._forum = ForumFiles(self._sandbox.put)
        me, card = self._door.me(), self._door.problem()
        try:
            digest = digest_through(self._door, get=self._news, put=lambda data: self._sandbox.put(FILE, data))
            self._sandbox.put("README.md", welcome(me, card, self._config, news=digest.begin()).encode())
            digest.taken()
            self._sync()
        except ResearcherError as error:
            self._tell(f"README.md and forum/ could not be written: {error}")

    def _news(self) -> bytes:
        return self._sandbox.get(FILE, max_bytes=FILE_BYTES)

    @contextmanager
    def _attended(self) -> Iterator[None]:
        """Inside, a thread keeps files, meter and clock; at the end everything used is with the lab."""
        journal, price = self._paths.logs / f"{self._name}.usage.json", self._config.price
        self._meter = Meter(journal, self._operator, researcher=self._name, price=price)
        self._worst = price.machine(core_seconds=HELD_SECONDS * self._config.sandbox.cpus)
        self._held = 0.0
        self._used, self._used_at = self._sandbox.used(), time.monotonic()
        self._hold()
        thread = threading.Thread(target=self._attend, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._left.set()
            thread.join()
            with suppress(OperatorError):  # what a lab that is away does not hear is in the journal, and told next time
                self._settle()
                self._meter.close()

    def _attend(self) -> None:
        while not self._left.wait(POLL_SECONDS):
            try:
                self._look(self._operator.state())
                self._keep_up()
                self._missed = 0
            except ResearcherError as error:
                self._once(f"forum/ is not up to date: {error}")
            except OperatorError:
                self._missing()

    def _look(self, state: StudyState) -> None:
        """What the person should know, and whether it has to go."""
        mine = next(one for one in state.researchers if one.name == self._name)
        self._heed(mine)
        if (reason := self._spent(state)) is not None:
            self._end(reason)
        elif self._alone and (asked := stop_requested(self._paths)) is not None:
            self._end(asked)
        elif state.budgets.seconds < LAST_SECONDS:
            self._once("less than a minute of working time is left")

    def _heed(self, mine: ResearcherState) -> None:
        if mine.control != "run":
            word = "to finish" if mine.control == "stop" else "to pause: the lab takes no submissions"
            self._once(f"the operator asks you {word}")
        for message in self._door.me().messages:
            self._once(f"the operator wrote: {message!r}")

    def _spent(self, state: StudyState) -> str | None:
        """As for a fleet: what ends the study."""
        if state.closed:
            return "the final set was opened, so the study is closed"
        if state.budgets.seconds <= 0:
            return "the working time is used up"
        priced = self._config.price.cpu_hour > 0
        return "the money is used up" if priced and state.budgets.dollars <= 0 else None

    def _missing(self) -> None:
        """Who runs a study starts its server again when it dies; when that process has ended nobody does."""
        self._missed += 1
        if not self._alone and running(self._paths) is None:
            self._end("the lab was closed")
        elif self._missed >= LOST:
            self._end("the lab does not answer any more")

    def _end(self, reason: str) -> None:
        if not self._killed:
            self.ended, self._killed = reason, True

    def _once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(text)

    def _sync(self) -> None:
        """Fetches the forum when there is something new on it."""
        if fresh := self._posts(after=self._seen):
            self._forum.sync(self._posts())
            self._seen = max(finding.seq for finding in fresh)

    def _keep_up(self) -> None:
        """Files and meter, a few times a second."""
        self._sync()
        if time.monotonic() - self._used_at > METER_SECONDS:
            self._settle()
            self._hold()

    def _settle(self) -> None:
        """Puts down what the sandbox has used since the last time."""
        used, now = self._sandbox.used(), time.monotonic()
        spent = max(0.0, used - self._used)
        self._meter.ended(cpu_seconds=spent, wall_seconds=now - self._used_at, held=self._held)
        self._used, self._used_at, self._held = used, now, 0.0

    def _hold(self) -> None:
        """Tells the lab what was used, and has money set aside for the next while; without it the person has to go."""
        try:
            self._meter.hold(self._worst)
            self._held = self._worst
        except ResearcherError:
            self._end("the money is used up")
        self._meter.report()
