"""Small real studies: the embedded problem, the real server, real sandboxes, budgets of a few seconds."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aarlab.canonical import digest_json
from aarlab.fleet.processes import descendants
from aarlab.lab.board import board
from aarlab.lab.chain import verify_chain
from aarlab.lab.events import content_digest
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.lab.views import forum
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from aarlab.studyfile import build_config
from tests.support.lab import until

SETTINGS: dict[str, dict[str, Any]] = {
    "study": {"researchers": 1, "seed": 3},
    "problem": {"kind": "aarlab.w2s.problem:W2S"},
    "budget": {"minutes": 5.0, "experiments": 30, "dev_answers": 2, "verifications": 1},
    "verify": {"seeds": 2, "answer_every": 0.0},
    "sandbox": {"disk_mb": 16},
}


def settings(**tables: dict[str, Any]) -> StudyConfig:
    """SETTINGS with changes."""
    raw = {name: {**SETTINGS.get(name, {}), **tables.get(name, {})} for name in {**SETTINGS, **tables}}
    return build_config(raw, source="test")


def events(paths: StudyPaths) -> list[Event]:
    """The ledger on the disk, with its chain checked."""
    found = list(read_events(paths.database))
    verify_chain(found)
    return found


def content(paths: StudyPaths) -> tuple[str, str, str]:
    """Digests of what happened, of the board, and of the forum without places in the ledger."""
    found = events(paths)
    state = State.of(found)
    posts = [post.model_dump(mode="json", exclude={"seq"}) for post in forum(state)]
    return content_digest(found), digest_json(board(state).model_dump(mode="json")), digest_json(posts)


def leftovers(paths: StudyPaths) -> list[str]:
    """Processes, mounts, cgroups and runtime files of a study that are still there."""
    name = paths.runtime.name
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(paths.runtime) in line]
    cgroups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/aarlab.{name}*")]
    files = [str(path) for path in paths.runtime.glob("*")]
    return mounts + cgroups + files + [str(pid) for pid in processes(paths)]


def processes(paths: StudyPaths) -> list[int]:
    """Processes that name this study's folder, or its runtime folder, on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            line = _command(entry)
            if f"{paths.root}" in line or f"{paths.runtime}" in line:
                found.append(int(entry.name))
    return found


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


class FleetProcess:
    """An orchestrator in a process of its own, to be killed."""

    SOURCE = """
import sys
from pathlib import Path
from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import open_study
paths, config = open_study(Path(sys.argv[1]))
print(Fleet(paths, config).run().state)
"""

    def __init__(self, paths: StudyPaths) -> None:
        self.paths = paths
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.SOURCE, str(paths.root)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def pids(self, module: str) -> list[int]:
        """Processes below that run a module of ours: "aarlab.api.server" or "aarlab.fleet.researcher"."""
        return [pid for pid in descendants(self.process.pid) if module in _command(Path(f"/proc/{pid}"))]

    def kill(self) -> None:
        """kill -9 of the orchestrator; waits until what it had started is gone too."""
        self.process.kill()
        output, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == -signal.SIGKILL, output.decode()
        until(lambda: not processes(self.paths), seconds=30)

    def wait(self, *, seconds: float) -> str:
        """What it printed, when it has ended."""
        output, _ = self.process.communicate(timeout=seconds)
        return output.decode()

    def until(self, condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Waits for a condition while the orchestrator lives."""
        until(lambda: condition() or self.process.poll() is not None, seconds=seconds)
