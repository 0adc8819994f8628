"""The one place where state and store change: check, write, fold and answer, in that order and one at a time."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aarlab.errors import OperatorError
from aarlab.lab.events import Kind
from aarlab.lab.state import State
from aarlab.lab.store import Draft, Event, Receipt, Store


class Book:
    """The open ledger inside `Ledger.open`: the state, and the only way to change it."""

    def __init__(self, state: State, store: Store, clock: Callable[[], float]) -> None:
        """Made by Ledger."""
        self.state = state
        self._store = store
        self._clock = clock
        self.last: Receipt | None = None
        self.fresh: list[Event] = []
        """Written since the ledger was last left."""

    @property
    def now(self) -> float:
        """UTC seconds."""
        return self._clock()

    def write(self, kind: Kind, actor: str, body: dict[str, Any], **meta: Any) -> Event:
        """Adds an event and folds it in. It is durable when `Ledger.open` is left.

        Raises ResearcherError(code="budget") when a researcher has written too many.
        """
        self.state.require_room(actor)
        receipt = self._store.begin([Draft(kind, actor, body, {"time": round(self.now, 3), **meta})])
        (event,) = receipt.events
        self.state.apply(event)
        self.last = receipt
        self.fresh.append(event)
        return event


class Ledger:
    """Serialises all access to the lab's memory."""

    def __init__(
        self,
        store: Store,
        *,
        fatal: Callable[[OperatorError], None],
        clock: Callable[[], float] = time.time,
        durable: Callable[[Sequence[Event]], None] = lambda _: None,
    ) -> None:
        """Rebuilds the state from the events of `store`. `fatal` is told when the store can no longer be written.

        `durable` is told of new entries when they are on the disk.
        """
        self._store = store
        self._fatal = fatal
        self._durable = durable
        self._book = Book(State.of(store.events()), store, clock)
        self._lock = threading.Lock()

    @contextmanager
    def open(self) -> Iterator[Book]:
        """State for reading and writing, alone. Leaves only when all that was seen is durable.

        Several threads may wait for durability together, so that their writes share one sync of the disk.
        """
        with self._lock:
            yield self._book
            receipt, fresh = self._book.last, self._book.fresh
            self._book.fresh = []
        if receipt is not None:
            self._wait(receipt)
        if fresh:
            self._durable(fresh)

    def events(self, *, after: int = 0) -> Iterator[Event]:
        """Durable events with seq > after."""
        return self._store.events(after=after)

    def close(self) -> None:
        """Waits for what is under way."""
        self._store.close()

    def _wait(self, receipt: Receipt) -> None:
        try:
            receipt.wait()
        except OperatorError as error:
            self._fatal(error)
            raise
