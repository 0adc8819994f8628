"""Through the real server: how fast the lab answers, as ratios to an endpoint of the same server that does nothing.

python benchmarks/server.py [--problem w2s] [--seconds 3]
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tomlkit

from aarlab.api.client import Door, Operator
from aarlab.errors import OperatorError
from aarlab.paths import StudyPaths
from aarlab.wire import DevRequest, ProblemCard, ProposalRequest, ResearcherRequest, SnapshotRequest, VerifyRequest

ROOT = Path(__file__).resolve().parents[1]
KINDS = {"toy": "tests.support.toy:Toy", "w2s": "aarlab.w2s.problem:W2S"}
SEEDS = 3


@dataclass(frozen=True)
class Speed:
    """One line of the table."""

    what: str
    rate: float
    """Answers a second."""
    median: float
    """Seconds of one answer."""


@contextmanager
def server(kind: str) -> Iterator[StudyPaths]:
    """A running lab in a temporary study."""
    with tempfile.TemporaryDirectory() as folder:
        paths = StudyPaths(Path(folder).resolve() / "study")
        paths.root.mkdir()
        tables = {
            "study": {"name": "benchmark", "seed": 1},
            "problem": {"kind": kind},
            "dev": {"seeds": SEEDS},
            "verify": {"answer_every": 0.0},
            "budget": {"dev_answers": 10**6, "verifications": 10**6},
        }
        paths.config.write_text(tomlkit.dumps(tables))
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        command = [sys.executable, "-m", "aarlab.api.server", "--study", str(paths.root), "--die-with-parent"]
        log = paths.root / "server.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(command, env=environment, stderr=errors)
        try:
            if not wait_for_marks(paths, process):
                raise SystemExit(f"the lab server did not start: {log.read_text()}")
            yield paths
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            shutil.rmtree(paths.runtime, ignore_errors=True)


def wait_for_marks(paths: StudyPaths, process: "subprocess.Popen[bytes]") -> bool:
    """True when the marks are there, so that they do not compete with what is measured; False when the server ended."""
    while process.poll() is None:
        try:
            with Operator(paths.operator_socket, deadline=0) as operator:
                if any(row.kind == "mark" for row in operator.board().rows):
                    return True
        except OperatorError:
            pass
        time.sleep(0.1)
    return False


def measure(what: str, act: Callable[[int], object], *, seconds: float) -> Speed:
    """Calls `act` with 0, 1, 2, ... one after the other."""
    took: list[float] = []
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < seconds or len(took) < 3:
        act(len(took))
        took.append(time.perf_counter() - now)
    return Speed(what, len(took) / sum(took), statistics.median(took))


def student(card: ProblemCard, number: int) -> bytes:
    """A valid student, another for each number."""
    if card.name.startswith("toy"):
        return f"0.{number + 1}".encode()
    from aarlab.w2s.student import Student

    return Student.linear(np.random.default_rng(number).normal(size=int(card.facts["dimension"]))).to_bytes()


def method(card: ProblemCard, number: int) -> str:
    """A method, another for each number."""
    if card.name.startswith("toy"):
        return f"def train(data, seed):\n    return b'0.{number + 1}'\n"
    return f"# {number}\nfrom aarlab.w2s.methods.vanilla import vanilla as train\n"


def run(door: Door, *, seconds: float) -> list[Speed]:
    """All lines of the table."""
    card = door.problem()
    plan = door.propose(ProposalRequest(title="benchmark", text="benchmark"))
    frozen = door.snapshot(SnapshotRequest(files={"method.py": method(card, -1)}, message="benchmark"))

    def dev(number: int) -> None:
        blobs = tuple(door.put_blob(student(card, SEEDS * number + seed)) for seed in range(SEEDS))
        seen = door.dev(DevRequest(proposal=plan, snapshot=frozen, students=blobs))
        assert seen.status == "ok", seen

    def verify(number: int) -> None:
        files = {"method.py": method(card, number)}
        snapshot = door.snapshot(SnapshotRequest(files=files, message="benchmark"))
        seen = door.verify(VerifyRequest(proposal=plan, snapshot=snapshot), wait=120)
        assert seen.status == "ok", seen

    return [
        measure("echo", lambda _: door.echo(), seconds=seconds),
        measure("me", lambda _: door.me(), seconds=seconds),
        measure("durable write (notes)", lambda number: door.save_notes(str(number)), seconds=seconds),
        measure(f"dev, {SEEDS} new students", dev, seconds=seconds),
        measure("verify, 5 trainings", verify, seconds=3 * seconds),
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problem", default="w2s", choices=sorted(KINDS))
    parser.add_argument("--seconds", type=float, default=3.0, help="for each line")
    options = parser.parse_args()
    with server(KINDS[options.problem]) as paths:
        with Operator(paths.operator_socket) as operator:
            operator.admit(ResearcherRequest(name="r1", mind="search", direction="any"))
        with Door(paths.socket_folder("r1") / "lab.sock") as door:
            speeds = run(door, seconds=options.seconds)
    print(f"{'':24}{'per second':>12}{'median ms':>12}{'x echo':>10}")
    for speed in speeds:
        ratio = speed.median / speeds[0].median
        print(f"{speed.what:24}{speed.rate:12.1f}{speed.median * 1000:12.2f}{ratio:10.1f}")


if __name__ == "__main__":
    main()
