"""Real sandboxes for tests: a runtime with the standard library, and a factory that closes what it made."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aarlab.sandbox.bubblewrap import Bubblewrap, BubblewrapSandbox
from aarlab.sandbox.protocol import Limits, Runtime, Spec
from aarlab.sandbox.runtime import build_runtime

Make = Callable[..., BubblewrapSandbox]


@pytest.fixture(scope="session")
def uid() -> int:
    """The host's uid inside the sandboxes of `make`."""
    return 61990 if os.geteuid() == 0 else os.geteuid()


@pytest.fixture
def as_root() -> None:
    """Only root has uids, disks and cgroups everywhere."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    return build_runtime(("canonical.py",), distributions=())


@pytest.fixture(scope="session")
def backend() -> Bubblewrap:
    return Bubblewrap()


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder of the host where other uids may walk, unlike pytest's own."""
    base = "/run" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="aarlab-test-", dir=base))
    folder.chmod(0o755)
    (folder / "data").mkdir()
    (folder / "data" / "inputs.txt").write_text("public")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def make(runtime: Runtime, backend: Bubblewrap, place: Path, uid: int) -> Iterator[Make]:
    """make(limits=..., ...) starts a sandbox with a name and a folder of its own."""
    made: list[BubblewrapSandbox] = []

    def start(**changes: Any) -> BubblewrapSandbox:
        name = changes.pop("name", f"test-{secrets.token_hex(4)}")
        defaults = {"work": place / name / "work", "data": place / "data", "uid": uid}
        spec = Spec(name=name, **{"runtime": runtime, **defaults, "limits": Limits(), **changes})
        sandbox = backend.create(spec)
        made.append(sandbox)
        sandbox.start()
        return sandbox

    yield start
    for sandbox in made:
        sandbox.close()
