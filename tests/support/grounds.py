"""Researchers' data folders on this host, real sandboxes that have them, and what the lab was told."""

from contextlib import ExitStack
from pathlib import Path

from aarlab.fleet.housing import house
from aarlab.integrity.case import Suspicion
from aarlab.lab.grounds import Grounds
from aarlab.lab.publish import clear_runtime, prepare_runtime, publish_data, publish_library, publish_runtime
from aarlab.paths import StudyPaths
from aarlab.problem.contract import Problem
from aarlab.sandbox.bubblewrap import Bubblewrap
from aarlab.sandbox.protocol import Sandbox
from aarlab.sandbox.runtime import build_runtime
from aarlab.settings import SandboxSettings
from tests.support.lab import until

KEY = b"k" * 32


class Site:
    """The part of a lab that lays bait, for one problem."""

    def __init__(self, root: Path, problem: Problem, *, bait: bool = True) -> None:
        self.paths = StudyPaths(root.resolve())
        self.told: list[tuple[str, Suspicion]] = []
        self._problem, self._bait = problem, bait
        self._stack = ExitStack()
        self._indexes: dict[str, int] = {}
        prepare_runtime(self.paths)
        publish_runtime(build_runtime((), distributions=()), self.paths)
        self.grounds = self.begin()

    def begin(self) -> Grounds:
        """A start of the server."""
        publish_data(self._problem, self.paths, key=KEY)
        self.paths.root.mkdir(parents=True, exist_ok=True)
        publish_library(self.paths, dict)
        self.grounds = Grounds(
            self.paths,
            self._problem.card(),
            key=KEY,
            bait=self._bait,
            on_suspicion=lambda name, suspicion: self.told.append((name, suspicion)),
        )
        self.grounds.start()
        for name in self._indexes:
            self.grounds.open(name)
        return self.grounds

    def sandbox(self, name: str) -> Sandbox:
        """Admits a researcher and starts its sandbox."""
        self.grounds.open(name)
        self.paths.socket_folder(name).mkdir(exist_ok=True)
        self._indexes[name] = len(self._indexes)
        settings = SandboxSettings(memory_mb=256, disk_mb=16)
        own = house(Bubblewrap(), self.paths, settings, name=name, index=self._indexes[name])
        return self._stack.enter_context(own)

    def heard(self) -> list[tuple[str, str, str]]:
        """Who was suspected by what of what so far, for certain: the watch ends, which waits for what is under way."""
        self.grounds.close()
        return [(name, found.detector, str(found.statistic["file"])) for name, found in self.told]

    def wait(self, count: int) -> None:
        """Until so many suspicions were told of."""
        until(lambda: len(self.told) >= count)

    def close(self) -> None:
        """Leaves nothing behind."""
        self.grounds.close()
        self._stack.close()
        clear_runtime(self.paths)


def run(sandbox: Sandbox, command: str) -> str:
    """What a shell command prints inside, whatever its status."""
    done = sandbox.exec(["sh", "-c", command], timeout=60)
    assert done.status in ("ok", "error")
    return (done.stdout + done.stderr).decode()
