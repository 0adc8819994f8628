"""The researchers' own data folders: the public inputs as hard links, and bait that the lab watches."""

import errno
import logging
import os
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from aarlab.canonical import digest_json, write_atomic
from aarlab.errors import OperatorError
from aarlab.integrity.bait import bait_files, suspicion
from aarlab.integrity.case import Suspicion
from aarlab.integrity.watch import Watcher
from aarlab.lab.publish import remove_data
from aarlab.paths import StudyPaths
from aarlab.problem.contract import Card
from aarlab.problem.tripwire import FOLDER, tripwire

OnSuspicion = Callable[[str, Suspicion], None]
"""Told of a researcher and what is suspected of it, from a thread of its own."""
UNLISTED = 0o311
"""May be walked through, not listed: also by the lab's own user, who is the sandbox's where the lab is not root."""
_LOG = logging.getLogger("aarlab.grounds")
_VERSION = 1
_ITEMS = 500
"""Claimed items where the card does not say how many there are."""
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP)


class Grounds:
    """Makes the folders below `paths.data_of`, and says who opened bait. Open from `start` to `close`."""

    def __init__(self, paths: StudyPaths, card: Card, *, key: bytes, bait: bool, on_suspicion: OnSuspicion) -> None:
        """`key` is that of Problem.publish, which must have been called; without `bait` there are the inputs only."""
        self._paths = paths
        self._items = int(card.facts.get("sets", {}).get("dev", {}).get("items", _ITEMS))
        self._key = key
        self._bait = bait
        self._watcher = Watcher(lambda researcher, file: on_suspicion(researcher, suspicion(file)))
        self.missing = ""
        """Why some bait is not watched; empty when all is."""

    def start(self) -> None:
        """Begins to watch. Where the host does not let the lab watch, its log says so and work goes on without."""
        if self._bait:
            self._heed(self._watcher.start)

    def open(self, researcher: str) -> None:
        """Makes the researcher's folder if it is not there, and watches its bait; again after each start.

        A folder is never replaced while the inputs are the same: a sandbox that is at work has it bound.
        """
        folder = self._paths.data_of(researcher)
        marker = folder.with_name("data.id")
        published = (self._paths.runtime / "data.id").read_text()
        name = digest_json([_VERSION, published, self._paths.data().stat().st_ino, sorted(self._files)])
        if not (folder.is_dir() and marker.is_file() and marker.read_text() == name):
            folder.parent.mkdir(mode=0o711, exist_ok=True)
            marker.unlink(missing_ok=True)
            self._lay(folder)
            write_atomic(marker, name.encode(), mode=0o600)
        if self._files and not self.missing:
            self._heed(lambda: self._watcher.add(researcher, folder, self._files))

    def close(self) -> None:
        """Ends the watch; the folders stay for sandboxes that outlive the server."""
        self._watcher.stop()

    @cached_property
    def _files(self) -> dict[str, bytes]:
        if not self._bait:
            return {}
        return dict(bait_files(self._key, items=self._items, wire=self._armed()))

    def _armed(self) -> bool:
        """Whether some published text names the tripwire: without one nobody could come to it."""
        name = f"/data/{tripwire(self._key)}".encode()
        return any(name in path.read_bytes() for path in self._paths.data().rglob("*") if path.is_file())

    def _lay(self, folder: Path) -> None:
        fresh = folder.with_name("data.new")
        for old in (fresh, folder):
            remove_data(old)
        shutil.copytree(self._paths.data(), fresh, copy_function=_link)
        for file, content in self._files.items():
            path = fresh / file
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o444)
        if (fresh / FOLDER).is_dir():
            (fresh / FOLDER).chmod(UNLISTED)
        fresh.rename(folder)

    def _heed(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OperatorError as error:
            self.missing = str(error)
            _LOG.warning("%s", error)


def _link(source: str, target: str) -> None:
    """Another name for the same file; a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copy2(source, target)
