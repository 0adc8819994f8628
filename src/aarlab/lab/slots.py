"""When an answer may be seen: only at a few times after its request, so that it does not tell how long a run took."""

import math
import time
from collections.abc import Callable
from functools import partial

from aarlab.lab.crew import Crew


class Slots:
    """Wakes whoever answers at multiples of `every` seconds after the request."""

    def __init__(self, *, every: float, crew: Crew, wake: Callable[[], None]) -> None:
        """`crew` has one worker, whose time this is; `every` = 0 makes every time a slot. `wake` may come too often."""
        self._every = every
        self._crew = crew
        self._wake = wake
        self._due: dict[str, float] = {}

    def open(self, name: str, *, requested: float, now: float) -> bool:
        """Whether what is ready now may be answered now; if not, `wake` is called when it may.

        The slot is fixed when this is first asked: it is the first one after that. All times are UTC seconds. Not
        thread-safe: the ledger is open meanwhile.
        """
        due = self._due.get(name)
        if due is None:
            self._due[name] = due = self._next(requested, now)
            if due > now:
                self._crew.add(partial(self._later, due))
        if due <= now:
            del self._due[name]
        return due <= now

    def _next(self, requested: float, now: float) -> float:
        if not self._every:
            return now
        return requested + self._every * max(1, math.ceil((now - requested) / self._every))

    def _later(self, due: float, _: int) -> None:
        while (left := due - time.time()) > 0:
            if self._crew.stopping.wait(left):
                return
        self._wake()
