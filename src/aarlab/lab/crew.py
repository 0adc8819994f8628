"""Threads that compute what was requested, first come first served, and those who wait for it."""

import logging
import queue
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from aarlab.errors import AarlabError, OperatorError

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
Job = Callable[[int], None]
"""Called with the number of the worker."""


class Crew:
    """A few workers on one queue. What is still queued at `stop` is dropped: the ledger remembers it."""

    def __init__(self, name: str, *, workers: int, fatal: Callable[[OperatorError], None]) -> None:
        """`fatal` is told when the host cannot go on; the crew then stops."""
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._fatal = fatal
        self.stopping = threading.Event()
        names = [f"{name}-{index}" for index in range(workers)]
        self._threads = [
            threading.Thread(target=self._work, args=(index,), name=name, daemon=True)
            for index, name in enumerate(names)
        ]

    def start(self) -> None:
        """Begins to work."""
        for thread in self._threads:
            thread.start()

    def add(self, job: Job) -> None:
        """Queues a job."""
        self._queue.put(job)

    def stop(self, *, seconds: float) -> None:
        """Tells the workers to end and waits for them at most so long."""
        self.stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(seconds)

    def _work(self, index: int) -> None:
        while (job := self._queue.get()) is not None and not self.stopping.is_set():
            try:
                job(index)
            except OperatorError as error:
                self._give_up(error)
                return
            except Exception as error:  # noqa: BLE001  (top of a thread)
                self._give_up(OperatorError(f"the lab has a defect: {_where(error)}"))
                return

    def _give_up(self, error: OperatorError) -> None:
        if not self.stopping.is_set():
            self._fatal(error)


class Waiters:
    """One future for each answer that somebody waits for."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._lock = threading.Lock()
        self._futures: dict[str, Future[None]] = {}

    def of(self, name: str) -> "Future[None]":
        """Resolved when the answer to `name` is there. Ask for it before the answer can be written."""
        with self._lock:
            return self._futures.setdefault(name, Future())

    def resolve(self, name: str) -> None:
        """The answer is there."""
        with self._lock:
            future = self._futures.pop(name, None)
        if future is not None:
            future.set_result(None)


def guarded(work: Callable[[], T], *, otherwise: T, what: str) -> T:
    """Runs a plug-in's code: a mistake in it ends one answer, not the lab.

    Our own errors pass, and the host's become OperatorError: a full disk is no researcher's failure. Of others only
    kind and place are logged: their text could name something held out.
    """
    try:
        return work()
    except AarlabError:
        raise
    except OSError as error:
        raise OperatorError(f"{what}: {error.strerror or type(error).__name__}") from error
    except Exception as error:  # noqa: BLE001  (the border to code that is not ours)
        _LOG.error("%s: %s", what, _where(error))
        return otherwise


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name} ({frame.filename}:{frame.lineno})"
