"""A lab that is killed with SIGKILL leaves nothing running, and its leftovers do not disturb the next start."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aarlab.sandbox.bubblewrap import Bubblewrap, BubblewrapSandbox
from aarlab.sandbox.protocol import Limits, Runtime, Spec

pytestmark = pytest.mark.usefixtures("as_root")

LAB = """
import sys
from pathlib import Path
from aarlab.sandbox.bubblewrap import Bubblewrap
from aarlab.sandbox.protocol import Limits, Runtime, Spec
root, place, nap = sys.argv[1:]
place = Path(place)
spec = Spec(name="test-crash", runtime=Runtime(Path(root), ""), work=place / "work", data=place / "data",
            disk_image=place / "disk.img", uid=61991, limits=Limits(disk_mb=16))
sandbox = Bubblewrap().create(spec)
sandbox.start()
sandbox.put("kept.txt", b"kept")
print("ready", flush=True)
sandbox.exec(["sh", "-c", f"setsid sleep {nap} & sleep {nap}"], timeout=60)
"""


def _alive(word: str) -> bool:
    """Also while bubblewrap is still about to start it: the earliest moments are the hardest."""
    found = subprocess.run(["pgrep", "-f", f"sleep {word}"], capture_output=True, check=False)
    return found.returncode == 0


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline


def _crash(runtime: Runtime, place: Path, nap: str) -> None:
    argv = [sys.executable, "-c", LAB, str(runtime.root), str(place), nap]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as lab:
        assert lab.stdout is not None
        assert lab.stdout.readline() == b"ready\n"
        _until(lambda: _alive(nap))
        lab.kill()
    _until(lambda: not _alive(nap))


def _again(backend: Bubblewrap, runtime: Runtime, place: Path) -> BubblewrapSandbox:
    return backend.create(
        Spec(
            name="test-crash",
            runtime=runtime,
            work=place / "work",
            data=place / "data",
            disk_image=place / "disk.img",
            uid=61991,
            limits=Limits(disk_mb=16),
        )
    )


def test_nothing_survives_and_the_disk_is_used_again(backend: Bubblewrap, runtime: Runtime, place: Path) -> None:
    _crash(runtime, place, "1234567891")
    assert str(place / "work") in Path("/proc/self/mountinfo").read_text()
    for moment in range(10):
        _crash(runtime, place, f"123456790{moment}")
    with _again(backend, runtime, place) as sandbox:
        assert sandbox.get("kept.txt", max_bytes=10) == b"kept"
        assert Path("/proc/self/mountinfo").read_text().count(str(place / "work")) == 1
    assert str(place / "work") not in Path("/proc/self/mountinfo").read_text()
    assert not any(Path("/sys/fs/cgroup").glob("**/aarlab.test-crash"))


def test_disk_persists_and_a_throw_away_disk_does_not(backend: Bubblewrap, runtime: Runtime, place: Path) -> None:
    with _again(backend, runtime, place) as sandbox:
        sandbox.put("a/b.txt", b"1")
        assert sandbox.exec(["sh", "-c", "cat a/b.txt; echo 2 > a/b.txt"], timeout=10).stdout == b"1"
    with _again(backend, runtime, place) as sandbox:
        assert sandbox.get("a/b.txt", max_bytes=10) == b"2\n"
    fleeting = Spec(name="test-fleeting", runtime=runtime, work=place / "fleeting", data=place / "data", uid=61991)
    for _ in range(2):
        with backend.create(fleeting) as sandbox:
            assert sandbox.exec(["ls", "-A"], timeout=10).stdout == b""
            sandbox.put("x", b"1")
