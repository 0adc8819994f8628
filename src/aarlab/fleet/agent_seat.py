"""An outside agent's place in a study: what a person has, and the tools of a researcher over MCP instead of a shell."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

from aarlab.api.client import Door
from aarlab.errors import OperatorError
from aarlab.fleet.bench import Bench, fair_share
from aarlab.fleet.guard import Guard, steer
from aarlab.fleet.seat import AGENT, INTERRUPTED, Seat
from aarlab.fleet.transcript import Transcript, into_ledger
from aarlab.minds.mcp import OVER, Calls, tool_server
from aarlab.minds.protocol import GivenUp, Stopped
from aarlab.minds.tools.box import Toolbox
from aarlab.minds.tools.briefing import instructions
from aarlab.minds.tools.chest import toolbox
from aarlab.minds.tools.scribe import Scribe

MODEL = "an agent from outside"
PROMPT = "minimal"
DOOR_SECONDS = 30.0
"""How long a tool waits for a lab that is restarted."""
Carry = Callable[[Path, Callable[[], bool]], None]


class AgentSeat(Seat):
    """As a person's; `serve` is called once, from the main thread, instead of `run`. The bench does the counting."""

    mind = AGENT

    def serve(self, carry: Carry, *, stopped: threading.Event) -> int:
        """Offers the tools at a socket for as long as `carry` runs; the exit status.

        `carry` is given the socket and what it asks a few times a second: whether to end. `stopped` ends it at once.
        Raises OperatorError when the lab is lost, or the library missing.
        """
        socket, stop = self._paths.socket_folder(self._name) / "mcp.sock", threading.Event()
        with (
            self._transcript() as kept,
            _log(self._paths.logs / f"{self._name}.log") as log,
            Door(self._lab, deadline=DOOR_SECONDS) as door,
        ):
            bench = self._bench(door, stop, log=log, kept=kept)
            scribe = Scribe(bench, model=MODEL)
            scribe.session("session")
            with self._given_up(), self._tools(toolbox(bench, scribe=scribe), socket) as calls:
                try:
                    carry(socket, lambda: self._over(calls, stop=stop, stopped=stopped))
                finally:
                    self._leave(stop)
            scribe.session("session ended")
        return INTERRUPTED if stopped.is_set() else 0

    @contextmanager
    def _transcript(self) -> Iterator[Transcript]:
        """Sealed in the ledger. What a lab that is away does not hear of is in the next seal, which is of the whole."""
        seal = into_ledger(self._operator, self._name)

        def sealed(size: int, digest: str) -> None:
            with suppress(OperatorError):
                seal(size, digest)

        kept = Transcript(self._paths.transcripts / f"{self._name}.jsonl", seal=sealed)
        try:
            yield kept
        finally:
            kept.close()

    @contextmanager
    def _given_up(self) -> Iterator[None]:
        """The end of a session is no error; the watchdog's reason is why the agent was shown out."""
        try:
            yield
        except GivenUp as reason:
            self._end(str(reason))
        except Stopped:
            return

    def _tools(self, box: Toolbox, socket: Path) -> AbstractContextManager[Calls]:
        uid, prompt = self._paths.uid(self._index), instructions(PROMPT)
        return tool_server(box, name=self._name, socket=socket, uid=uid, prompt=prompt, recorded=True)

    def _over(self, calls: Calls, *, stop: threading.Event, stopped: threading.Event) -> bool:
        if not (stopped.is_set() or self._killed or calls.error is not None):
            return False
        if isinstance(calls.error, GivenUp):
            self._end(str(calls.error))
        calls.last_words = f"{OVER}: {self.ended or 'it was ended from outside'}"
        self._leave(stop)
        return True

    def _leave(self, stop: threading.Event) -> None:
        """What is under way ends."""
        stop.set()
        self._sandbox.kill()

    def _bench(self, door: Door, stop: threading.Event, *, log: logging.Logger, kept: Transcript) -> Bench:
        config = self._config
        return Bench(
            door,
            self._sandbox,
            meter=self._meter,
            share=fair_share(config.budget, index=0, researchers=config.study.researchers),
            seconds=config.sandbox.seconds,
            stop=stop,
            log=lambda line: log.info("%s", kept.clean(line)),
            record=kept.add,
            second=config.price.machine(core_seconds=config.sandbox.cpus),
            guard=Guard(config.watchdog, say=partial(steer, self._operator, self._name), end=self._end),
            posts=self._posts,
        )

    def _keep_up(self) -> None:
        """The tools do, in their own thread."""

    def _hold(self) -> None:
        """Money is set aside for each command."""

    def _settle(self) -> None:
        """Each command is put down when it ends."""


@contextmanager
def _log(path: Path) -> Iterator[logging.Logger]:
    """Where a researcher's process would write, for the lab's detectors."""
    log, handler = logging.getLogger(f"aarlab.{path.stem}"), logging.FileHandler(path)
    log.propagate = False
    log.setLevel(logging.INFO)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    try:
        yield log
    finally:
        log.removeHandler(handler)
        handler.close()
