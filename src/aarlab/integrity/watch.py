"""Watches files that nobody needs: who opens one is told of once.

Linux tells of opens through inotify, also of those through a bind mount into a sandbox. Each file has a watch of its
own that ends with the first open (IN_ONESHOT): so a loop of opens costs the lab nothing and cannot hide another's. `ls`
and `stat` open no file. The lab's own work does not either: it lays a file before it watches it, and never reads it.
"""

import ctypes
import errno
import logging
import os
import select
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from aarlab.errors import AarlabError, OperatorError

_LOG = logging.getLogger("aarlab.watch")
_IN_OPEN, _IN_DONT_FOLLOW, _IN_ONESHOT = 0x20, 0x02000000, 0x80000000
_EVENT = struct.Struct("iIII")
"""Watch, mask, cookie, length of the name that follows."""
_BUFFER = 2**16

OnOpen = Callable[[str, str], None]
"""Called with the researcher and the file, as they were given to `Watcher.add`, in the watcher's thread."""


class Watcher:
    """Tells of the first open of each watched file. What was opened while none watched stays unknown."""

    def __init__(self, on_open: OnOpen) -> None:
        """Watches nothing yet."""
        self._on_open = on_open
        self._lock = threading.Lock()
        self._watched: dict[int, tuple[str, str]] = {}
        self._known: set[tuple[str, str]] = set()
        self._inotify = self._wake = -1
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins. Raises OperatorError when the host has no inotify instance left."""
        libc = _libc()
        self._inotify = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._inotify < 0:
            raise OperatorError(f"bait cannot be watched: {_why('max_user_instances')}, or set integrity.bait = false")
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def add(self, researcher: str, folder: Path, files: Iterable[str]) -> None:
        """Watches `files` below `folder`; a file that was added before is left alone, also when it was opened.

        Raises OperatorError when the host lets nobody watch another file, or the file is not there.
        """
        for file in files:
            with self._lock:
                if (researcher, file) in self._known:
                    continue
                path, mask = os.fsencode(folder / file), _IN_OPEN | _IN_DONT_FOLLOW | _IN_ONESHOT
                watch = _libc().inotify_add_watch(self._inotify, path, mask)
                if watch < 0:
                    raise OperatorError(f"bait of {researcher} is not watched: {_why('max_user_watches')}")
                self._watched[watch] = (researcher, file)
                self._known.add((researcher, file))

    def stop(self) -> None:
        """Ends; opens that were not told of yet are told of first. Idempotent."""
        if self._thread is None:
            return
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._thread = None
        os.close(self._inotify)
        os.close(self._wake)

    def _run(self) -> None:
        ready = select.poll()
        for descriptor in (self._inotify, self._wake):
            ready.register(descriptor, select.POLLIN)
        while True:
            found = {descriptor for descriptor, _ in ready.poll()}
            for watch in self._opened() if self._inotify in found else ():
                with self._lock:
                    opened = self._watched.pop(watch, None)
                if opened is not None:
                    self._tell(*opened)
            if self._wake in found:
                return

    def _opened(self) -> Iterator[int]:
        """Watches of one read. Not every event is an open: a watch also tells of its own end."""
        data, at = os.read(self._inotify, _BUFFER), 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size + length
            if mask & _IN_OPEN:
                yield watch

    def _tell(self, researcher: str, file: str) -> None:
        try:
            self._on_open(researcher, file)
        except AarlabError as error:
            _LOG.error("the opening of bait by %s was not taken down: %s", researcher, error)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _why(limit: str) -> str:
    """The last error in words, with the setting of the host that is to be raised."""
    number = ctypes.get_errno()
    if number in (errno.ENOSPC, errno.EMFILE):
        return f"no more are allowed; raise it: sysctl fs.inotify.{limit}"
    return os.strerror(number).lower()
