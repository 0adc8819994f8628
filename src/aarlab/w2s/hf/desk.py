"""A process of its own for models, and the lab's side of it.

The lab never holds torch, and a crash over there (memory, a driver) takes down nothing here: the order is given again
to a fresh process, which finds in the cache what was done. The process ends when the lab does, however that ends.
"""

import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from aarlab.errors import AarlabError, OperatorError, ResearcherError, UserError
from aarlab.w2s.hf.models import Models, Site

if TYPE_CHECKING:
    from aarlab.problem.contract import Progress

ALIVE_SECONDS = 5.0
"""Between two signs of life of the process."""
SILENT_SECONDS = 300.0
"""Without one it is taken for dead: loading libraries and weights may block it for a while."""
IDLE_SECONDS = 120.0
"""Without orders for so long the process ends, and with it what it holds of a GPU; the next order starts another."""
END_SECONDS = 10.0
ATTEMPTS = 2
"""A process that dies twice at one order would die again."""
ERRORS: dict[str, Callable[[str], AarlabError]] = {
    error.__name__: error for error in (UserError, OperatorError, ResearcherError)
}


class Desk:
    """Sends orders, one at a time; the process is started by the first. Used by several threads."""

    def __init__(self, site: Site, *, progress: "Progress | None" = None) -> None:
        """`progress` is told how far trainings are."""
        self.site = site
        self._progress = progress
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def ask(self, order: str, /, *arguments: Any) -> Any:
        """What the method `order` of Models gives. Raises what it raises, and OperatorError when its process dies."""
        with self._lock:
            for _ in range(ATTEMPTS):
                worker = self._alive()
                try:
                    return worker.ask(order, arguments, self._progress)
                except (EOFError, BrokenPipeError, ConnectionError):
                    status = worker.close()
        raise OperatorError(
            f"the process that trains and asks models has ended {ATTEMPTS} times ({_words(status)}): see the lines "
            "above; is there enough memory? A smaller problem.hf.recipe.micro_batch needs less"
        )

    def tell(self, progress: "Progress | None") -> None:
        """From now on this is told of progress, or nothing is."""
        self._progress = progress

    @property
    def pid(self) -> int | None:
        """Of the process, where one has been started."""
        return None if self._worker is None else self._worker.pid

    def close(self) -> None:
        """Ends the process; the next order starts another."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def _alive(self) -> "_Worker":
        if self._worker is None or self._worker.closed:
            self._close()
            self._worker = _Worker(self.site)
        return self._worker


class _Worker:
    """One process, which is ended when this object is gone."""

    def __init__(self, site: Site) -> None:
        ours, theirs = Pipe()
        with theirs:
            # In a group of its own, so that Ctrl-C reaches the parent only.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aarlab.w2s.hf.desk", str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                process_group=0,
            )
        self._connection = ours
        self._end = weakref.finalize(self, _end, self._process, ours)
        ours.send(site)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def closed(self) -> bool:
        """Whether it cannot be asked any more."""
        return not self._end.alive or self._process.poll() is not None

    def ask(self, order: str, arguments: tuple[Any, ...], progress: "Progress | None") -> Any:
        """Raises EOFError or ConnectionError when the process is gone or silent."""
        try:
            self._connection.send((order, arguments))
            kind, content = self._reply(progress)
        except BaseException:  # also one of `progress`: what is answered later would be taken for another answer
            self.close()
            raise
        if kind == "error":
            name, text = content
            raise ERRORS[name](text)
        return content

    def _reply(self, progress: "Progress | None") -> tuple[str, Any]:
        while self._connection.poll(SILENT_SECONDS):
            kind, content = self._connection.recv()
            if kind in ("value", "error"):
                return kind, content
            if kind == "progress" and progress is not None:
                progress(*content)
        raise EOFError

    def close(self) -> int | None:
        """Its exit status."""
        self._end()
        return self._process.returncode


def _end(process: "subprocess.Popen[bytes]", connection: Connection) -> None:
    """Closing the connection ends the process; one that hangs is killed."""
    connection.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _words(status: int | None) -> str:
    return f"signal {-status}" if status is not None and status < 0 else f"status {status}"


def serve(descriptor: int) -> None:
    """Answers orders until the other side is gone; then this process ends at once, whatever it is at."""
    connection, orders = Connection(descriptor), SimpleQueue[tuple[str, tuple[Any, ...]]]()
    site = connection.recv()
    sending = threading.Lock()

    def send(kind: str, content: Any) -> None:
        with sending:
            connection.send((kind, content))

    threading.Thread(target=_listen, args=(connection, orders), daemon=True).start()
    threading.Thread(target=_live, args=(send,), daemon=True).start()
    models = Models(site, lambda done, total, what: send("progress", (done, total, what)))
    while True:
        try:
            order, arguments = orders.get(timeout=IDLE_SECONDS)
        except Empty:
            return
        try:
            send("value", getattr(models, order)(*arguments))
        except (UserError, OperatorError, ResearcherError) as error:
            send("error", (type(error).__name__, str(error)))


def _listen(connection: Connection, orders: "SimpleQueue[tuple[str, tuple[Any, ...]]]") -> None:
    try:
        while True:
            orders.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


def _live(send: Callable[[str, Any], None]) -> None:
    pause = threading.Event()
    try:
        while not pause.wait(ALIVE_SECONDS):
            send("alive", None)
    except OSError:
        os._exit(0)


if __name__ == "__main__":
    # What is sent is pickled under the module's real name, not as __main__.
    from aarlab.w2s.hf.desk import serve as serve_under_its_name

    serve_under_its_name(int(sys.argv[1]))
