"""unsafe-local runs commands and says that it isolates nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aarlab.errors import OperatorError, ResearcherError
from aarlab.sandbox.probe import PROPERTIES
from aarlab.sandbox.protocol import Limits, Runtime, Sandbox, Spec
from aarlab.sandbox.select import select


@pytest.fixture
def sandbox(runtime: Runtime, place: Path, uid: int) -> Iterator[Sandbox]:
    (place / "method").mkdir(exist_ok=True)
    (place / "method" / "method.py").write_text("import sys; print(open(sys.argv[1]).read(), sys.argv[2:])")
    spec = Spec(
        name="unsafe",
        runtime=runtime,
        work=place / "unsafe" / "work",
        data=place / "data",
        method=place / "method",
        shelves={"/library": place / "method"},
        uid=uid,
        limits=Limits(file_mb=1, output_kb=1),
    )
    with select("unsafe-local").create(spec) as started:
        yield started


def test_it_is_loud_and_never_ranks() -> None:
    found = select("unsafe-local").describe()
    assert (found.backend, found.enforced, found.rankable) == ("unsafe-local", (), False)
    assert set(found.missing) == set(PROPERTIES)


def test_folders_of_a_sandbox_are_translated(sandbox: Sandbox, place: Path) -> None:
    argv = ["python", "/method/method.py", "/data/inputs.txt", "--out=/work/out", "/workshop", "x:/data"]
    done = sandbox.exec(argv, timeout=20)
    work = place / "unsafe" / "work"
    assert done.stdout.decode() == f"public {[f'--out={work}/out', '/workshop', f'x:{place}/data']}\n"
    listed = sandbox.exec(["sh", "-c", 'ls "$AARLAB_DATA"; pwd; id -u'], timeout=20).stdout.decode().split()
    assert sandbox.exec(["ls", "/library"], timeout=20).stdout == b"method.py\n"
    assert sandbox.exec(["sh", "-c", 'ls "$AARLAB_LIBRARY"'], timeout=20).stdout == b"method.py\n"
    assert listed == ["inputs.txt", str(work), str(61990 if os.geteuid() == 0 else os.geteuid())]


def test_status_timeouts_and_limits(sandbox: Sandbox) -> None:
    assert sandbox.exec(["sh", "-c", "exit 4"], timeout=20).returncode == 4
    assert sandbox.exec(["sh", "-c", "sleep 60 & sleep 60"], timeout=0.3).status == "timeout"
    assert len(sandbox.exec(["head", "-c", "900000", "/dev/zero"], timeout=20).stdout) == 1024
    assert sandbox.exec(["head", "-c", "9000000", "/dev/zero"], timeout=20).status == "error"
    assert sandbox.exec(["cat"], timeout=20, stdin=b"in").stdout == b"in"


def test_files_go_through_the_careful_reader(sandbox: Sandbox) -> None:
    sandbox.put("a/b", b"1")
    assert sandbox.get("a/b", max_bytes=1) == b"1"
    sandbox.exec(["ln", "-s", "/etc/passwd", "link"], timeout=20)
    with pytest.raises(ResearcherError):
        sandbox.get("link", max_bytes=10_000)


def test_it_must_be_started(sandbox: Sandbox) -> None:
    sandbox.close()
    with pytest.raises(OperatorError, match="not started"):
        sandbox.exec(["true"], timeout=1)
