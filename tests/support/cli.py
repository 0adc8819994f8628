"""The real command in a process of its own, and a closed study to look at."""

import fcntl
import io
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from aarlab.cli.main import main
from aarlab.paths import StudyPaths
from aarlab.wire import DevRequest, FindingRequest, ProposalRequest, SnapshotRequest, VerifyRequest, VoteRequest
from tests.support.lab import GOOD, LabProcess

ROOT = Path(__file__).resolve().parents[2]
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> [click](javascript:alert(3)) \u202e \x9b31m"
"""What a researcher may write to harm who reads it."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


def aarlab(*arguments: str | Path, cwd: Path, timeout: float = 120, **environment: str) -> Ended:
    """Runs `aarlab ...` in `cwd` without a terminal."""
    with start(*arguments, cwd=cwd, **environment) as process:
        out, err = process.communicate(timeout=timeout)
    return Ended(process.returncode, out, err)


def inside(*arguments: str | Path) -> Ended:
    """Runs `aarlab ...` in this process: the same answers, without the second that Python needs to start."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert isinstance(ended.value.code, int)
    return Ended(ended.value.code, out.getvalue(), err.getvalue())


def start(*arguments: str | Path, cwd: Path, **environment: str) -> "subprocess.Popen[str]":
    """The same without waiting for its end."""
    command = [sys.executable, "-m", "aarlab.cli.main", *map(str, arguments)]
    own = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONUNBUFFERED": "1"} | environment
    return subprocess.Popen(command, cwd=cwd, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def on_terminal(*arguments: str | Path, cwd: Path, timeout: float = 120) -> Ended:
    """Runs `aarlab ...` on a terminal of 120 x 40; what it wrote there, escape sequences and all."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    own = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "aarlab.cli.main", *map(str, arguments)]
    with subprocess.Popen(command, cwd=cwd, env=own, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        written = _read_all(leader, deadline=time.monotonic() + timeout)
    os.close(leader)
    return Ended(process.returncode, written.decode(), "")


def _read_all(leader: int, *, deadline: float) -> bytes:
    written = b""
    while select.select([leader], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            data = os.read(leader, 65536)
        except OSError:  # how Linux says that the other side is closed
            return written
        written += data
    raise AssertionError(f"it did not end in time: {written[-2000:]!r}")


def closed_study(root: Path) -> StudyPaths:
    """A study of two researchers on the toy problem, with a verified method and a forum, whose server has ended."""
    lab = LabProcess(root).start()
    try:
        with lab.admit("r1") as one, lab.admit("r2") as other:
            proposal = one.propose(ProposalRequest(title=f"threshold {EVIL}", text=f"# Why\n\n{EVIL}", family="other"))
            snapshot = one.snapshot(SnapshotRequest(files={"method.py": GOOD, "notes.md": EVIL}, message=EVIL))
            students = tuple(one.put_blob(text) for text in (b"0.5", b"0.51", b"0.49"))
            one.dev(DevRequest(proposal=proposal, snapshot=snapshot, students=students))
            done = one.verify(VerifyRequest(proposal=proposal, snapshot=snapshot), wait=60)
            assert done.status == "ok", done
            post = FindingRequest(kind="result", title=f"it works {EVIL}", text=f"# Big\n\n{EVIL}", submission=done.id)
            finding = one.finding(post)
            other.vote(finding, VoteRequest(value=1))
            other.finding(FindingRequest(kind="correction", title="not quite", text="see", corrects=finding))
    finally:
        lab.stop()
    return lab.paths
