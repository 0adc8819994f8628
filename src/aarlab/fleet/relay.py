"""A command of a sandbox on the terminal, or the pipes, of the person who started it.

The sandbox gets a terminal or pipes that were made for it, never the person's own: what it does to them, by any system
call, ends here. Only bytes go to and fro.
"""

import fcntl
import os
import pty
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

from aarlab.sandbox.protocol import Completed, Streams

Run = Callable[[Streams], Completed]
"""Runs the command on these descriptors and returns when nothing of it is left."""
Tick = Callable[[], None]
"""Called several times a second while the command runs, or to kill it."""
_TICK = 0.05
_CHUNK = 65536
_WRITE = 4096


@dataclass
class _Flow:
    """Bytes from one descriptor to another."""

    source: int
    """Is read."""
    sink: int
    """Is written."""
    inward: bool
    """Into the sandbox: that nobody reads there is no error."""
    own: bool = False
    """Whether to close `sink` at the end of `source`."""
    pending: bytes = b""
    """Read and not yet written."""
    open: bool = True
    """Whether more may come."""

    def take(self) -> None:
        """Reads once."""
        try:
            self.pending = os.read(self.source, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # how Linux says that the other side of a terminal is closed
            self.pending = b""
        if not self.pending:
            self.end()

    def give(self) -> None:
        """Writes once. Raises BrokenPipeError when nobody reads outside."""
        try:
            self.pending = self.pending[os.write(self.sink, self.pending[:_WRITE]) :]
        except BlockingIOError:
            return
        except OSError:
            if not self.inward:
                raise
            self.end()

    def end(self) -> None:
        """Nothing goes this way any more."""
        if self.open and self.own:
            os.close(self.sink)
        self.open, self.pending = False, b""


def on_terminal(run: Run, *, tick: Tick, kill: Tick) -> Completed:
    """Runs it on a new terminal that looks like ours, with ours in raw mode: Ctrl-C reaches the command, not us."""
    leader, follower = pty.openpty()
    with ExitStack() as stack:
        stack.callback(os.close, leader)
        given = stack.enter_context(_closing(follower))
        os.set_blocking(leader, False)
        _copy_size(leader)
        stack.enter_context(_on_resize(leader))
        stack.enter_context(_raw(sys.stdin.fileno()))
        flows = [_Flow(sys.stdin.fileno(), leader, inward=True), _Flow(leader, sys.stdout.fileno(), inward=False)]
        return _carry(run, (follower, follower, follower), flows, tick=tick, kill=kill, given=given)


def on_pipes(run: Run, *, tick: Tick, kill: Tick) -> Completed:
    """Runs it with our standard streams, byte for byte."""
    (stdin, feed), (out, stdout), (err, stderr) = os.pipe(), os.pipe(), os.pipe()
    with ExitStack() as stack:
        given = stack.enter_context(_closing(stdin, stdout, stderr))
        for reader in (out, err):
            stack.callback(os.close, reader)
        os.set_blocking(feed, False)
        inward = _Flow(sys.stdin.fileno(), feed, inward=True, own=True)
        stack.callback(inward.end)
        outward = [_Flow(out, sys.stdout.fileno(), inward=False), _Flow(err, sys.stderr.fileno(), inward=False)]
        return _carry(run, (stdin, stdout, stderr), [inward, *outward], tick=tick, kill=kill, given=given)


def _carry(run: Run, streams: Streams, flows: list[_Flow], *, tick: Tick, kill: Tick, given: Tick) -> Completed:
    """Carries bytes until the command has ended, then what it has left; `given` closes our copies of its ends."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run, streams)
        try:
            _pump(flows, tick=tick, future=future)
        finally:
            while not future.done():  # we failed, not the command: it must end before its descriptors are closed
                kill()
                wait([future], timeout=_TICK)
    given()
    outward = [flow for flow in flows if not flow.inward]
    while any(flow.open for flow in outward):
        _once(outward)
    return future.result()


def _pump(flows: list[_Flow], *, tick: Tick, future: "Future[Completed]") -> None:
    while not future.done():
        tick()
        _once(flows)


def _once(flows: Sequence[_Flow]) -> None:
    readable = [flow.source for flow in flows if flow.open and not flow.pending]
    writable = [flow.sink for flow in flows if flow.pending]
    ready, free, _ = select.select(readable, writable, [], _TICK)
    for flow in flows:
        if flow.pending and flow.sink in free:
            flow.give()
        elif flow.open and not flow.pending and flow.source in ready:
            flow.take()


@contextmanager
def _closing(*descriptors: int) -> Iterator[Callable[[], None]]:
    """Yields what closes them; they are closed once, at the latest at the end."""
    left = set(descriptors)

    def close() -> None:
        while left:
            os.close(left.pop())

    try:
        yield close
    finally:
        close()


def _copy_size(leader: int) -> None:
    size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
    fcntl.ioctl(leader, termios.TIOCSWINSZ, size)


@contextmanager
def _on_resize(leader: int) -> Iterator[None]:
    """The kernel tells what runs in front that its window has changed."""

    def resize(_: int, __: FrameType | None) -> None:
        _copy_size(leader)

    before = signal.signal(signal.SIGWINCH, resize)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    before = termios.tcgetattr(terminal)
    tty.setraw(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
