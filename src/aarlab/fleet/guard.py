"""The watchdog in a researcher's process: minutes without a call of a tool, and how it speaks and ends things."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from aarlab.api.client import Operator
from aarlab.errors import OperatorError
from aarlab.settings import WatchdogSettings
from aarlab.wire import SteerRequest

NOWHERE = 4
"""Exit status of a researcher that the watchdog has ended: no restart would help, the operator decides."""
LOOKS = 20
"""Looks at the clock in the time that is allowed."""


def steer(operator: Operator, name: str, words: str) -> None:
    """A warning, as a message of the operator; a lab that is away has other troubles."""
    with suppress(OperatorError):
        operator.steer(SteerRequest(researcher=name, text=words))


class Guard:
    """Counts from the first call on; time in which a tool works, or the researcher is paused, does not count.

    A context manager: at its end nothing is counted any more.
    """

    def __init__(self, settings: WatchdogSettings, *, say: Callable[[str], None], end: Callable[[str], None]) -> None:
        """`say` carries a warning to the researcher; `end` stops whatever it does, with a reason."""
        self.settings = settings
        self.reason = ""
        """Why the researcher was ended by `end`."""
        self._say, self._end = say, end
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._since: float | None = None
        self._working = 0
        self._warned = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around a call of a tool."""
        with self._lock:
            self._working += 1
        try:
            yield
        finally:
            with self._lock:
                self._working -= 1
                self._since, self._warned = time.monotonic(), False

    def touch(self) -> None:
        """Begins to count anew, if it counts."""
        with self._lock:
            self._since = None if self._since is None else time.monotonic()

    def warn(self, words: str) -> None:
        """Tells the researcher, and the ledger, as a message of the operator."""
        self._say(f"(watchdog) {words}")

    def _look(self) -> None:
        allowed = self.settings.idle_minutes * 60
        while not self._closed.wait(allowed / LOOKS):
            idle, warn = self._idle(allowed)
            words = f"no tool was called for {idle / 60:.3g} minutes"
            if idle > 2 * allowed:
                self.reason = words
                self._end(words)
                return
            if warn:
                self.warn(f"{words}; after as many again you are paused. Go on with the tools, or say what is missing")

    def _idle(self, allowed: float) -> tuple[float, bool]:
        """Seconds without a call, and whether that is to be said now."""
        with self._lock:
            idle = 0.0 if self._working or self._since is None else time.monotonic() - self._since
            warn = idle > allowed and not self._warned
            self._warned = self._warned or warn
        return idle, warn
