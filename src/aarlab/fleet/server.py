"""The lab server's process and the operator's door to it: started, waited for, and started again when it dies."""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aarlab.api.client import Operator
from aarlab.errors import OperatorError, UserError
from aarlab.fleet.engine.protocol import Engine, Job
from aarlab.fleet.logs import last_line, size
from aarlab.lab.publish import clear_runtime
from aarlab.paths import StudyPaths
from aarlab.problem.contract import Progress

T = TypeVar("T")
POLL_SECONDS = 0.05
STOP_SECONDS = 15.0
DEADLINE_SECONDS = 2.0
"""How long the door may be silent before one looks whether the server has died."""
READY = "server.pid"
"""The server writes this file when its doors are open."""
_PROGRESS = re.compile(r"progress (\d+)/(\d+) (.+)")
_SAID = re.compile(r"^\S+ \S+ [\w.]+: ")


class LabServer:
    """The one lab server of a study."""

    def __init__(self, paths: StudyPaths, engine: Engine, *, restarts: int, progress: Progress | None = None) -> None:
        """`restarts` in one session; `progress` is told while the problem loads."""
        self._paths = paths
        self._engine = engine
        self._left = restarts
        self._progress = progress
        self._operator = Operator(paths.operator_socket, deadline=DEADLINE_SECONDS)
        self._log: Path = paths.logs / "server.log"
        self._log_start = 0
        self._job: Job | None = None

    def start(self, *, stop: Callable[[], bool]) -> bool:
        """Starts it and waits until its doors are open, however long its problem takes to load; False on `stop`.

        Raises UserError or OperatorError with its own last line when it ends instead.
        """
        self._launch()
        return self._wait(stop=stop)

    def ask(self, call: Callable[[Operator], T]) -> T:
        """The answer to a call at the operator's door; a server that has died is started again and asked again.

        Raises OperatorError when it keeps dying, or lives and does not answer.
        """
        while True:
            self._revive()
            try:
                return call(self._operator)
            except OperatorError:
                if self._alive():
                    raise

    def stop(self) -> None:
        """Ends it and clears its runtime folder. What it was computing is in the ledger; the next server does it."""
        self._operator.close()
        if self._job is not None:
            self._job.terminate()
            if self._job.wait(timeout=STOP_SECONDS) is None:
                self._job.kill()
            self._job = None
        clear_runtime(self._paths)

    def _alive(self) -> bool:
        return self._job is not None and self._job.poll() is None

    def _revive(self) -> None:
        if not self._alive():
            self._again()
            self._wait(stop=lambda: False)

    def _launch(self) -> None:
        (self._paths.runtime / READY).unlink(missing_ok=True)
        self._log_start = size(self._log)
        argv = [sys.executable, "-m", "aarlab.api.server", "--study", str(self._paths.root)]
        self._job = self._engine.start(argv, log=self._log)

    def _wait(self, *, stop: Callable[[], bool]) -> bool:
        while not (self._paths.runtime / READY).exists():
            if self._job is not None and (status := self._job.poll()) is not None:
                self._refuse(status)
                self._again()
            self._report()
            if stop():
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _again(self) -> None:
        if self._left <= 0:
            raise OperatorError(f"the lab server keeps ending: {self._said()} (see {self._log})")
        self._left -= 1
        self._launch()

    def _refuse(self, status: int) -> None:
        """A server that ends by itself while it starts would do so again; one that was killed may not."""
        said = self._said()
        if status == UserError.exit_code:
            raise UserError(said)
        if status >= 0:
            raise OperatorError(f"the lab server did not start: {said or f'status {status}'} (see {self._log})")

    def _said(self) -> str:
        return _SAID.sub("", last_line(self._log, after=self._log_start))

    def _report(self) -> None:
        found = _PROGRESS.search(self._said())
        if self._progress is not None and found is not None:
            self._progress(int(found[1]), int(found[2]), found[3])
