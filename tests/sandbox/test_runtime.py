"""The Python for sandboxes: what is in it, what names it, and that it is built once."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import aarlab.inside
from aarlab.errors import OperatorError
from aarlab.inside.words import VERBS
from aarlab.sandbox.bubblewrap import BubblewrapSandbox
from aarlab.sandbox.protocol import Runtime
from aarlab.sandbox.runtime import build_runtime


def test_only_the_kit_is_in_it(runtime: Runtime) -> None:
    inside = runtime.root / "site" / "aarlab"
    found = {str(path.relative_to(inside)) for path in inside.rglob("*.py")}
    command = {f"inside/{path.name}" for path in Path(aarlab.inside.__file__).parent.glob("*.py")}
    needed = {"__init__.py", "canonical.py", "digest.py", "errors.py", "quote.py", "api/__init__.py", "api/unix.py"}
    assert found == needed | command
    names = {path.name for path in runtime.root.rglob("*") if path.is_dir()}
    assert not names & {"test", "tests", "idlelib", "site-packages", "dist-packages", "ensurepip", "tkinter"}


def test_any_uid_can_read_it(runtime: Runtime) -> None:
    for path in [runtime.root, *runtime.root.rglob("*")]:
        mode = path.stat().st_mode
        assert mode & 0o004, path
        assert mode & 0o001 or not path.is_dir(), path
        assert not mode & 0o6022, path


def test_it_comes_compiled(runtime: Runtime) -> None:
    sources = [path for path in runtime.root.rglob("*.py") if "lib2to3" not in path.parts]
    compiled = [path for path in sources if any((path.parent / "__pycache__").glob(f"{path.stem}.cpython-*.pyc"))]
    assert len(compiled) == len(sources)


def test_second_call_is_quick(runtime: Runtime) -> None:
    began = time.perf_counter()
    again = build_runtime(("canonical.py",), distributions=())
    assert again == runtime
    assert time.perf_counter() - began < 0.05


def test_unknown_kit_and_library_are_refused() -> None:
    for entry in ("no/such.py", "../pyproject.toml", "/etc/passwd", "."):
        with pytest.raises(OperatorError, match="kit"):
            build_runtime((entry,), distributions=())
    with pytest.raises(OperatorError, match="pip install no-such-library"):
        build_runtime((), distributions=("no-such-library",))


def test_content_names_it(runtime: Runtime) -> None:
    assert build_runtime(("wire",), distributions=()).digest != runtime.digest
    assert build_runtime(("errors.py", "canonical.py"), distributions=()).digest == runtime.digest


def test_two_builders_at_once_agree(tmp_path: Path) -> None:
    code = "from aarlab.sandbox.runtime import build_runtime as b; print(b((), distributions=()).root)"
    environment = {**os.environ, "AARLAB_CACHE": str(tmp_path)}
    builders = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE) for _ in range(2)
    ]
    roots = {builder.communicate()[0] for builder in builders}
    assert [builder.returncode for builder in builders] == [0, 0]
    assert len(roots) == 1
    assert len(list((tmp_path / "runtime").iterdir())) == 1


def test_folders_and_libraries_of_a_kit(make: Callable[..., BubblewrapSandbox]) -> None:
    built = build_runtime(("w2s/methods",), distributions=("numpy", "scipy", "safetensors"))
    inside = built.root / "site" / "aarlab"
    assert (inside / "w2s" / "__init__.py").read_bytes() == b""
    assert not (inside / "w2s" / "problem.py").exists()
    sandbox = make(runtime=built)
    code = "import numpy, scipy.optimize, safetensors.numpy; print(numpy.eye(2).sum())"
    done = sandbox.exec(["python", "-c", code], timeout=60)
    assert (done.stdout, done.stderr) == (b"2.0\n", b"")


def test_the_command_lab_is_in_it_and_nothing_to_talk_to_without_a_door(
    make: Callable[..., BubblewrapSandbox],
) -> None:
    sandbox = make()
    for name in ("json.py", "aarlab.py", "socket.py"):
        sandbox.put(name, b"raise SystemExit('taken from the current folder')")
    told = sandbox.exec(["lab", "--help"], timeout=60)
    assert (told.returncode, told.stderr) == (0, b"")
    for usage, meaning in VERBS:
        assert f"lab {usage}" in told.stdout.decode()
        assert meaning in told.stdout.decode()
    away = sandbox.exec(["lab", "me"], timeout=60)
    assert (away.returncode, away.stdout, away.stderr.count(b"\n")) == (3, b"", 1)
    assert b"the lab does not answer at /sock/lab.sock" in away.stderr


def test_a_command_gets_the_descriptors_that_it_is_given(make: Callable[..., BubblewrapSandbox]) -> None:
    sandbox = make()
    (stdin, feed), (out, stdout) = os.pipe(), os.pipe()
    os.write(feed, b"hello")
    os.close(feed)
    done = sandbox.exec(["sh", "-c", "cat; echo wrong >&2"], timeout=60, streams=(stdin, stdout, stdout))
    for descriptor in (stdin, stdout):
        os.close(descriptor)
    with os.fdopen(out, "rb") as stream:
        assert stream.read() == b"hellowrong\n"
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    assert sandbox.used() >= done.cpu_seconds > 0
