"""Processes: known by more than their number, and gone when they should be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aarlab.errors import OperatorError
from aarlab.fleet.engine.local import LocalEngine
from aarlab.fleet.logs import last_line
from aarlab.fleet.processes import Identity, descendants, identify
from tests.support.lab import until

NEST = "setsid sh -c 'sleep 1000 & sleep 1000' & sleep 1000"
"""A tree of processes, part of it in a session of its own."""


def test_a_process_is_known_by_its_start(tmp_path: Path) -> None:
    me = identify(os.getpid())
    assert me is not None
    assert me.alive
    assert not Identity(pid=os.getpid(), started="another boot:1").alive
    job = LocalEngine().start(["/bin/true"], log=tmp_path / "log")
    until(lambda: job.poll() is not None)
    assert identify(job.pid) is None


def test_killing_a_job_kills_everything_below_it(tmp_path: Path) -> None:
    job = LocalEngine().start(["/bin/sh", "-c", NEST], log=tmp_path / "log")
    until(lambda: len(descendants(job.pid)) >= 4)
    below = [found for pid in descendants(job.pid) if (found := identify(pid)) is not None]
    assert job.kill() == -9
    until(lambda: not any(one.alive for one in below))


def test_a_job_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    source = (
        "import sys; from pathlib import Path; from aarlab.fleet.engine.local import LocalEngine\n"
        "print(LocalEngine().start(['/bin/sleep', '1000'], log=Path(sys.argv[1])).pid, flush=True)\n"
        "sys.stdin.read()"
    )
    argv = [sys.executable, "-c", source, str(tmp_path / "log")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = identify(int(parent.stdout.readline()))
        assert child is not None
        parent.kill()
        until(lambda: not child.alive)


def test_a_job_may_be_asked_to_end_and_says_how_it_ended(tmp_path: Path) -> None:
    engine = LocalEngine()
    job = engine.start(["/bin/sh", "-c", "echo one; echo; echo two words >&2; exit 5"], log=tmp_path / "log")
    assert job.wait(timeout=30) == 5
    assert last_line(tmp_path / "log") == "two words"
    assert last_line(tmp_path / "none") == ""
    sleeper = engine.start(["/bin/sleep", "1000"], log=tmp_path / "log")
    assert sleeper.wait(timeout=0.01) is None
    sleeper.terminate()
    assert sleeper.wait(timeout=30) == -15
    assert sleeper.kill() == -15


def test_a_missing_program_is_the_operators_matter(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot start"):
        LocalEngine().start([str(tmp_path / "nothing")], log=tmp_path / "log")
