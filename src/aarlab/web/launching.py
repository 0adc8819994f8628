"""Fleets that the dashboard starts: processes of their own, which go on when the dashboard ends."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from aarlab.cli.run import require_models
from aarlab.cli.study import free_folder
from aarlab.errors import OperatorError, UserError
from aarlab.fleet.logs import last_line, size
from aarlab.fleet.study import create_study, running
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig

FLEET_LOG = "fleet.log"
"""What the process of a fleet says that was started here, in the logs of its study."""


class Launcher:
    """Starts fleets, and knows what became of those that it has started."""

    def __init__(self) -> None:
        """Has started none."""
        self._started: dict[Path, tuple[subprocess.Popen[bytes], int]] = {}
        self._lock = threading.Lock()

    def launch(self, config: StudyConfig, *, root: Path) -> StudyPaths:
        """Makes a new study in `root`, under its name or with a number behind it, and starts its fleet.

        Raises UserError and OperatorError for settings with which it cannot run; then nothing is written.
        """
        require_models(config)
        with self._lock:  # two forms at the same time get two folders
            paths = create_study(config, folder=free_folder(config.study.name, base=root))
        self.start(paths)
        return paths

    def start(self, paths: StudyPaths) -> None:
        """Starts the fleet of a study, anew or again. Raises UserError when it is at work."""
        if running(paths) is not None or self.starting(paths):
            raise UserError(f"{paths.root.name} is being worked on already")
        command = [sys.executable, "-m", "aarlab.cli.main", "resume", "--study", str(paths.root)]
        log = paths.logs / FLEET_LOG
        try:
            paths.logs.mkdir(exist_ok=True)
            before = size(log)
            with log.open("ab") as output:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
                )
        except OSError as error:
            raise OperatorError(f"{paths.root.name}: its fleet cannot be started: {error.strerror}") from None
        self._started[paths.root] = process, before

    def starting(self, paths: StudyPaths) -> bool:
        """Whether its process was started here, lives, and is not at work yet."""
        process, _ = self._started.get(paths.root, (None, 0))
        return process is not None and process.poll() is None and running(paths) is None

    def trouble(self, paths: StudyPaths) -> str:
        """Why the fleet that was started here last has ended, where it has failed; "" otherwise."""
        process, before = self._started.get(paths.root, (None, 0))
        if process is None or process.poll() in (None, 0):
            return ""
        return last_line(paths.logs / FLEET_LOG, after=before) or f"ended with status {process.returncode}"


def _launcher(request: Request) -> Launcher:
    launcher: Launcher = request.app.state.launcher
    return launcher


Launch = Annotated[Launcher, Depends(_launcher)]
"""A page's parameter of this type is the dashboard's launcher."""
