"""The money of requests that may be under way at the same time, and why none is made any more."""

import threading
from dataclasses import dataclass, field

from aarlab.errors import AarlabError
from aarlab.minds.protocol import Workbench
from aarlab.wire import Tokens


@dataclass
class Till:
    """Sets aside and pays. Safe for several threads; the bench knows one sum that is set aside."""

    bench: Workbench
    """Whose money it is."""
    model: str
    """What is paid, as the settings call it."""
    over: AarlabError | None = None
    """Why no further request is made: the money (ResearcherError, code "budget"), or what a person must put right."""
    _held: dict[int, float] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _next: int = 0

    def reserve(self, dollars: float) -> int:
        """Sets aside what a request may cost at worst, and gives its number. Raises AarlabError, then for ever."""
        with self._lock:
            if self.over is not None:
                raise self.over
            try:
                self.bench.reserve(sum(self._held.values()) + dollars)
            except AarlabError as error:
                self.over = error
                raise
            self._next += 1
            self._held[self._next] = dollars
            return self._next

    def pay(self, number: int, dollars: float | None, *, tokens: Tokens | None = None) -> float:
        """What that request has cost; None = all that was set aside. Gives it back."""
        with self._lock:
            worst = self._held.pop(number)
            cost = worst if dollars is None else dollars
            try:
                self.bench.pay(cost, model=self.model, tokens=tokens)
                if self._held:  # paying one sets the bench's sum to zero; the others are still under way
                    self.bench.reserve(sum(self._held.values()))
            except AarlabError as error:
                self.over = self.over or error
            return cost

    def close(self, why: AarlabError) -> None:
        """No further request is made."""
        with self._lock:
            self.over = self.over or why
