"""Fleets that the dashboard starts: processes of their own, which go on when the dashboard ends."""

import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from aarlab.cli.requirements import require_models
from aarlab.cli.study import free_folder
from aarlab.errors import OperatorError, UserError
from aarlab.fleet.logs import last_line, size
from aarlab.fleet.study import create_study, running
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig

FLEET_LOG = "fleet.log"
"""What the process of a fleet says that was started here, in the logs of its study."""


@dataclass(frozen=True)
class _Fleet:
    """A process that was started here."""

    process: "subprocess.Popen[bytes]"
    log_start: int
    """Size of its log before."""
    sessions: int
    """Sessions of the study before."""


class Launcher:
    """Starts fleets, and knows what became of those that it has started."""

    def __init__(self) -> None:
        """Has started none."""
        self._started: dict[Path, _Fleet] = {}
        self._lock = threading.Lock()

    def launch(self, config: StudyConfig, *, root: Path) -> StudyPaths:
        """Makes a new study in `root`, under its name or with a number behind it, and starts its fleet.

        Raises UserError and OperatorError for settings with which it cannot run; then nothing is written.
        """
        require_models(config)
        with self._lock:  # two forms at the same time get two folders
            paths = create_study(config, folder=free_folder(config.study.name, base=root))
        self.start(paths, sessions=0)
        return paths

    def start(self, paths: StudyPaths, *, sessions: int) -> None:
        """Starts the fleet of a study that has had so many sessions. Raises UserError when it is at work."""
        with self._lock:
            if running(paths) is not None or self.starting(paths, sessions=sessions):
                raise UserError(f"{paths.root.name} is being worked on already")
            log_start = size(paths.logs / FLEET_LOG)
            self._started[paths.root] = _Fleet(_spawn(paths), log_start, sessions)

    def starting(self, paths: StudyPaths, *, sessions: int) -> bool:
        """Whether its process was started here, lives, and has not been at work: there is no session more than then.

        After its session it still writes the report.
        """
        fleet = self._started.get(paths.root)
        if fleet is None or fleet.process.poll() is not None:
            return False
        return fleet.sessions == sessions and running(paths) is None

    def trouble(self, paths: StudyPaths) -> str:
        """Why the fleet that was started here last has ended, where it has failed; "" otherwise."""
        fleet = self._started.get(paths.root)
        if fleet is None or (status := fleet.process.poll()) in (None, 0):
            return ""
        return last_line(paths.logs / FLEET_LOG, after=fleet.log_start) or f"ended with status {status}"


def _spawn(paths: StudyPaths) -> "subprocess.Popen[bytes]":
    """A session of its own, so that it outlives the dashboard and its terminal."""
    command = [sys.executable, "-m", "aarlab.cli.main", "resume", "--study", str(paths.root)]
    try:
        paths.logs.mkdir(exist_ok=True)
        with (paths.logs / FLEET_LOG).open("ab") as output:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
    except OSError as error:
        raise OperatorError(f"{paths.root.name}: its fleet cannot be started: {error.strerror}") from None


def _launcher(request: Request) -> Launcher:
    launcher: Launcher = request.app.state.launcher
    return launcher


Launch = Annotated[Launcher, Depends(_launcher)]
"""A page's parameter of this type is the dashboard's launcher."""
