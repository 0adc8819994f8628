"""A program that works in a sandbox for long: heard line by line, looked after, and ended when it has to be."""

import os
import select
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

from aarlab.sandbox.protocol import Completed, Streams

LONGEST = 64 << 10
"""Bytes of one line that are heard."""
_CHUNK = 1 << 16
_TICK = 0.25
LOOK_SECONDS = 2.0
"""Between two looks at a program that runs."""

Hear = Callable[[str], None]
"""Takes a line that the program has written."""


class _Lines:
    """Lines out of the bytes of one pipe."""

    def __init__(self, hear: Hear) -> None:
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        self._hear, self._rest, self.open = hear, b"", True

    def take(self) -> None:
        """Reads once."""
        data = os.read(self.reader, _CHUNK)
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LONGEST]
        if not data:
            self.open, lines = False, [self._rest]
        for line in lines:
            if text := line[:LONGEST].decode(errors="replace").rstrip():
                self._hear(text)


def follow(
    run: Callable[[Streams], Completed],
    *,
    out: Hear,
    err: Hear,
    check: Callable[[], None],
    look: Callable[[], bool],
    kill: Callable[[], None],
) -> Completed:
    """Runs a command without input until nothing of it is left.

    `check` is called a few times a second, and `look` every LOOK_SECONDS; its True ends the command. What they, or
    those who hear, raise ends it too, and is raised here.
    """
    due = time.monotonic() + LOOK_SECONDS
    with ExitStack() as stack:
        told, complained = _Lines(out), _Lines(err)
        pipes = [told, complained]
        for pipe in pipes:
            stack.callback(os.close, pipe.reader)
        streams = (os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), told.writer, complained.writer)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(run, streams)
            try:
                while not future.done():
                    check()
                    _listen(pipes)
                    if time.monotonic() >= due:
                        due = time.monotonic() + LOOK_SECONDS
                        if look():
                            kill()
            finally:
                while not future.done():
                    kill()
                    wait([future], timeout=_TICK)
                for descriptor in streams:
                    os.close(descriptor)
        while any(pipe.open for pipe in pipes):
            _listen(pipes)
        return future.result()


def _listen(pipes: list[_Lines]) -> None:
    ready, _, _ = select.select([pipe.reader for pipe in pipes if pipe.open], [], [], _TICK)
    for pipe in pipes:
        if pipe.open and pipe.reader in ready:
            pipe.take()
