"""Processes on this machine, each in a session of its own, all of them gone when the one that started them is."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from aarlab.errors import OperatorError
from aarlab.fleet.processes import kill_tree

REAP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
"""Loaded before any fork: between fork and exec there must be no more to do than one call."""


class LocalJob:
    """See `Job`."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Exit status or None."""
        return self._process.poll()

    def terminate(self) -> None:
        """SIGTERM, if it still runs."""
        self._process.terminate()

    def wait(self, *, timeout: float) -> int | None:
        """Exit status, or None after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> int:
        """SIGKILL to the whole tree; a job that has ended is left alone, its pid may be another's by now."""
        if self._process.poll() is None:
            kill_tree(self._process.pid)
        return self._process.wait(REAP_SECONDS)


class LocalEngine:
    """See `Engine`. Jobs must be started from a thread that lives as long as they do: the kernel ties them to it."""

    def start(self, argv: Sequence[str], *, log: Path) -> LocalJob:
        """Starts `argv` with the environment of this process. Raises OperatorError."""
        parent = os.getpid()

        def tie() -> None:
            """In the child: SIGTERM when the parent ends, also when it has ended by now."""
            _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

        with log.open("ab") as output:
            try:
                process = subprocess.Popen(
                    list(argv),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=tie,
                )
            except OSError as error:
                raise OperatorError(f"cannot start {argv[0]}: {error.strerror}") from error
        return LocalJob(process)
