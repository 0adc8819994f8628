"""The Python for sandboxes: what is in it, what names it, and that it is built once."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aarlab.errors import OperatorError
from aarlab.sandbox.bubblewrap import BubblewrapSandbox
from aarlab.sandbox.protocol import Runtime
from aarlab.sandbox.runtime import build_runtime


def test_only_the_kit_is_in_it(runtime: Runtime) -> None:
    inside = runtime.root / "site" / "aarlab"
    found = {str(path.relative_to(inside)) for path in inside.rglob("*.py")}
    assert found == {"__init__.py", "canonical.py", "errors.py"}
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
    assert build_runtime(("quote.py",), distributions=()).digest != runtime.digest
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
