"""Runs a study: starts the lab and the researchers, keeps to the budgets, and leaves nothing behind."""

import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from aarlab.api.client import Operator
from aarlab.errors import UserError
from aarlab.fleet.crew import GIVEN_UP, Crew
from aarlab.fleet.engine.local import LocalEngine
from aarlab.fleet.engine.protocol import Engine
from aarlab.fleet.housing import backend_of, house
from aarlab.fleet.roster import roster
from aarlab.fleet.server import LabServer
from aarlab.fleet.study import clear_stop, hold, stop_requested
from aarlab.fleet.tracking.beside import tracking
from aarlab.paths import StudyPaths
from aarlab.problem.contract import Progress
from aarlab.settings import StudyConfig
from aarlab.wire import Board, ControlRequest, ResearcherRequest, SessionRequest, StudyState

POLL_SECONDS = 0.25
SERVER_RESTARTS = 3
TERMINATE_SECONDS = 5.0
FINISH_SECONDS = 20.0
"""What researchers get at the end of the time for sending their best to verify, besides the verification itself."""

SESSION_ENDS = "the session ends: "
"""Begins the reason of a stop that is no wish of the operator: the next session lifts it."""

OnState = Callable[[StudyState, Board], None]


@dataclass(frozen=True)
class Outcome:
    """How a session ended."""

    state: Literal["finished", "stopped"]
    """"finished": what was to be done is done or the budgets are used up; "stopped": somebody stopped it."""
    reason: str
    """In words."""


@dataclass(frozen=True)
class _Seen:
    """One look at the study."""

    state: StudyState
    board: Board

    @property
    def complete(self) -> bool:
        """Whether the lab owes nothing: no verification is pending and the marks are on the board."""
        return self.state.pending == 0 and any(row.kind == "mark" for row in self.board.rows)


class Fleet:
    """One session of a study. `run` is called once, from the thread that lives until it returns."""

    def __init__(
        self, paths: StudyPaths, config: StudyConfig, *, engine: Engine | None = None, progress: Progress | None = None
    ) -> None:
        """`progress` is told while the problem loads."""
        self._paths = paths
        self._config = config
        self._engine = engine or LocalEngine()
        self._server = LabServer(paths, self._engine, restarts=SERVER_RESTARTS, progress=progress)
        self._stop = threading.Event()
        self._on_state: OnState | None = None

    def run(self, on_state: OnState | None = None, *, stop: threading.Event | None = None) -> Outcome:
        """Works until the budgets are used up, everybody has finished, or `stop` is set or asked for.

        `on_state` is called a few times a second with what the live view shows. Raises UserError (settings, a second
        orchestrator) and OperatorError (the host); nothing is left running in any case.
        """
        self._on_state, self._stop = on_state, stop or self._stop
        self._paths.logs.mkdir(exist_ok=True)
        with hold(self._paths), tracking(self._paths, self._config.tracking, engine=self._engine):
            try:
                return self._session()
            finally:
                self._server.stop()
                clear_stop(self._paths)

    # ---- a session ------------------------------------------------------------------------------------------

    def _session(self) -> Outcome:
        if not self._server.start(stop=self._stopped):
            return Outcome("stopped", self._why_stopped())
        crew = self._make_crew()
        self._server.ask(lambda operator: operator.session(SessionRequest(action="start", host=_host())))
        try:
            outcome = self._work(crew)
            outcome = self._wind_up(crew, outcome)
        finally:
            crew.terminate()
            crew.kill(after=TERMINATE_SECONDS)
            self._clean_up(crew.names)
        ended = SessionRequest(action="end", reason=outcome.reason, finished=outcome.state == "finished")
        self._server.ask(lambda operator: operator.session(ended))
        self._look()
        if crew.refused:
            raise UserError(crew.refused)
        return outcome

    def _make_crew(self) -> Crew:
        """Admits everybody; who was told to stop at the end of an earlier session, or given up on, may run again."""
        known = {one.name for one in self._server.ask(Operator.state).researchers}
        fleet = roster(self._config)
        for place in fleet:
            if place.name not in known:  # who is has perhaps another mind by now
                direction = place.direction
                fields = {"mind": place.minds.words, "direction": str(direction), "family": direction.family}
                who = ResearcherRequest(name=place.name, **fields)
                self._server.ask(partial(Operator.admit, request=who))
        names = [place.name for place in fleet]
        for one in self._server.ask(Operator.state).researchers:
            if one.name in names and one.reason.startswith((SESSION_ENDS, GIVEN_UP)):
                self._control(ControlRequest(action="run", researcher=one.name, reason="a new session"))
        watchdog = self._config.watchdog
        return Crew(names, paths=self._paths, engine=self._engine, control=self._control, watchdog=watchdog)

    def _work(self, crew: Crew) -> Outcome:
        """Until there is a reason to end."""
        while True:
            seen = self._look()
            if self._stopped():
                return Outcome("stopped", self._why_stopped())
            if (spent := self._spent(seen.state)) is not None:
                return Outcome("finished", spent)
            crew.tend(seen.state)
            if crew.refused:
                return Outcome("stopped", crew.refused)
            if not crew.active:
                return Outcome("finished", "every researcher has finished or is paused")
            self._stop.wait(POLL_SECONDS)

    def _wind_up(self, crew: Crew, outcome: Outcome) -> Outcome:
        """The end of the budgets is announced and there is time for a last verification; a stop is quick."""
        if outcome.state == "stopped":
            return outcome
        self._announce_end(crew, outcome.reason)
        verify = self._config.verify
        runs = verify.seconds * -(-verify.runs // verify.parallel)
        deadline = time.monotonic() + FINISH_SECONDS + runs + verify.answer_every
        while time.monotonic() < deadline:
            seen = self._look()
            if self._stopped():
                return Outcome("stopped", self._why_stopped())
            crew.tend(seen.state, starting=False)
            if not crew.active and seen.complete:
                break
            self._stop.wait(POLL_SECONDS)
        return outcome

    def _announce_end(self, crew: Crew, reason: str) -> None:
        """Who runs is told to finish; who is paused stays paused, its process ends."""
        for one in self._look().state.researchers:
            if one.control == "run" and crew.has_process(one.name):
                self._control(ControlRequest(action="stop", researcher=one.name, reason=SESSION_ENDS + reason))
            elif one.control == "pause":
                crew.terminate(one.name)

    # ---- parts ----------------------------------------------------------------------------------------------

    def _look(self) -> "_Seen":
        """The study as it stands, shown to who watches; starts the server again when it has died."""
        seen = self._server.ask(lambda operator: _Seen(operator.state(), operator.board()))
        if self._on_state is not None:
            self._on_state(seen.state, seen.board)
        return seen

    def _control(self, request: ControlRequest) -> None:
        self._server.ask(lambda operator: operator.control(request))

    def _stopped(self) -> bool:
        return self._stop.is_set() or stop_requested(self._paths) is not None

    def _why_stopped(self) -> str:
        return stop_requested(self._paths) or "interrupted"

    def _spent(self, state: StudyState) -> str | None:
        """Why the whole team must end; None while it may go on. Each bench keeps to its share of the experiments."""
        if state.budgets.seconds <= 0:
            return "the working time is used up"
        costs = self._config.priced or state.dollars > 0
        return "the money is used up" if costs and state.budgets.dollars <= 0 else None

    def _clean_up(self, names: list[str]) -> None:
        """Removes mounts and cgroups of researchers that could not do it themselves."""
        backend = backend_of(self._config.sandbox)
        for index, name in enumerate(names):
            house(backend, self._paths, self._config.sandbox, name=name, index=index).close()


def _host() -> dict[str, Any]:
    return {"system": platform.platform(), "python": platform.python_version(), "node": platform.node()}
