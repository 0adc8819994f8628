"""A real lab server on the toy problem, and researchers that come to its doors."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomlkit

from aarlab.api.client import Door, Operator
from aarlab.errors import OperatorError
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.store import Event
from aarlab.paths import StudyPaths
from aarlab.wire import DevRequest, ProposalRequest, ResearcherRequest, SnapshotRequest, Submission, VerifyRequest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
GOOD = "def train(data, seed):\n    return b'0.5'\n"
"""A method that finds the threshold."""
OTHER = "def train(data, seed):\n    return b'0.497'\n"
"""Another method, nearly as good: the detectors do not take it for a copy of GOOD."""
THIRD = "def train(data, seed):\n    return b'0.503'\n"
"""And another."""
SETTINGS: dict[str, dict[str, Any]] = {
    "study": {"name": "toy", "seed": 1},
    "problem": {"kind": "tests.support.toy:Toy"},
    "budget": {"dev_answers": 36, "verifications": 12},
    "verify": {"seeds": 2, "seconds": 30.0, "parallel": 2, "answer_every": 0.0},
    "sandbox": {"memory_mb": 256, "disk_mb": 16},
}
FAST = {"sandbox": {"backend": "unsafe-local"}}
"""For tests in which no method runs: needs no probe at the start."""


class LabProcess:
    """One study whose server is started, killed and started again."""

    def __init__(self, root: Path, settings: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Writes root/study.toml; `settings` go over those of SETTINGS."""
        root.mkdir(parents=True, exist_ok=True)
        self.paths = StudyPaths(root.resolve())
        over = settings or {}
        tables = {name: {**SETTINGS.get(name, {}), **over.get(name, {})} for name in (*SETTINGS, *over)}
        self.paths.config.write_text(tomlkit.dumps(tables))
        self.log = root / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._members: list[Member] = []

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Starts the server and does not wait."""
        command = [sys.executable, "-m", "aarlab.api.server", "--study", str(self.paths.root), "--die-with-parent"]
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=ROOT)
        return self.process

    def start(self) -> "LabProcess":
        """Starts the server and waits until the operator's door answers."""
        process = self.spawn()

        def ready() -> bool:
            assert process.poll() is None, self.log.read_text()
            try:
                with Operator(self.paths.operator_socket, deadline=0) as operator:
                    return bool(operator.state())
            except OperatorError:
                return False

        until(ready, seconds=START_SECONDS)
        return self

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        for member in self._members:
            member.close()
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def events(self) -> list[Event]:
        """The ledger as it is on the disk."""
        return list(read_events(self.paths.database))

    def operator(self, *, deadline: float = 30.0) -> Operator:
        """The operator's door."""
        return Operator(self.paths.operator_socket, deadline=deadline)

    def admit(self, name: str) -> "Member":
        """Admits a researcher and goes through its door."""
        with self.operator() as operator:
            operator.admit(ResearcherRequest(name=name, mind="search", direction="any"))
        return self.member(name)

    def member(self, name: str) -> "Member":
        """Another connection of an admitted researcher."""
        self._members.append(Member(self.socket(name)))
        return self._members[-1]

    def socket(self, name: str) -> Path:
        """A researcher's socket."""
        return self.paths.socket_folder(name) / "lab.sock"


class Member(Door):
    """A researcher with a few habits."""

    def method(self, code: str = GOOD, **files: str) -> str:
        """Freezes a method."""
        return self.snapshot(SnapshotRequest(files={"method.py": code, **files}, message="a method"))

    def plan(self, title: str = "a plan") -> str:
        """Freezes a proposal."""
        return self.propose(ProposalRequest(title=title, text="because"))

    def ask(self, *students: bytes, wait: float = 60.0) -> Submission:
        """Sends students to dev, by default three good ones."""
        blobs = tuple(self.put_blob(student) for student in students or (b"0.5", b"0.51", b"0.49"))
        return self.dev(DevRequest(proposal=self.plan(), snapshot=self.method(), students=blobs), wait=wait)

    def prove(self, code: str = GOOD, *, title: str = "a plan", wait: float = 60.0) -> Submission:
        """Sends a method to verify."""
        return self.verify(VerifyRequest(proposal=self.plan(title), snapshot=self.method(code)), wait=wait)


def until(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Waits for a condition; fails when it has not come true by then."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
