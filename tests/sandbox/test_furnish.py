"""What one problem's sandboxes have beyond the rest: libraries with all that they need, folders, GPUs."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from aarlab.errors import OperatorError
from aarlab.problem.equipment import Folder
from aarlab.sandbox.bubblewrap import BubblewrapSandbox
from aarlab.sandbox.furnish import closure, placed
from aarlab.sandbox.layout import options
from aarlab.sandbox.protocol import Limits, Runtime, Spec
from aarlab.sandbox.runtime import build_runtime

LOOK = """\
import os, rich, importlib.metadata as known
text, threads = open("/models/one/a.json").read(), os.environ["OMP_NUM_THREADS"]
print(known.version("rich"), known.version("pygments"), text, threads)
print(os.listdir("/models/one"))
try:
    open("/models/one/b.json", "w")
except OSError as error:
    print(error.strerror)
"""


def model(folder: Path) -> Folder:
    folder.mkdir()
    for name in ("a.json", "labels.json"):
        (folder / name).write_text("here")
        (folder / name).chmod(0o600)
    return Folder(folder, ("a.json",), "0" * 64)


def test_what_a_library_needs_comes_with_it() -> None:
    found = closure(("rich", "uvicorn"))
    assert {"rich", "pygments", "markdown-it-py", "mdurl", "uvicorn", "click", "h11"} <= set(found)
    assert "aarlab" not in found
    assert "ipywidgets" not in found, "an extra that nobody asked for"
    assert closure(()) == ()
    with pytest.raises(OperatorError, match="no-such-library, which the problem needs in sandboxes, is missing"):
        closure(("no-such-library",))


def test_a_sandbox_has_the_equipment_and_nothing_beside_it(
    make: Callable[..., BubblewrapSandbox], tmp_path: Path
) -> None:
    folders = {"/models/one": model(tmp_path / "one")}
    runtime = build_runtime((), distributions=(), packages=("rich",), folders=folders)
    done = make(runtime=runtime, limits=Limits(cpus=2.0)).exec(["python", "-c", LOOK], timeout=60)
    seen, listed, refused = done.stdout.decode().splitlines()
    assert seen == f"{version('rich')} {version('pygments')} here 2"
    assert (listed, refused) == ("['a.json']", "Read-only file system")


def test_folders_are_placed_once_and_named_by_their_content(tmp_path: Path) -> None:
    folder = model(tmp_path / "one")
    first = placed(folder, below=tmp_path / "below")
    (folder.source / "a.json").write_text("changed behind its digest")
    assert placed(folder, below=tmp_path / "below") == first
    assert (first / "a.json").read_text() == "here"
    other = placed(replace(folder, digest="1" * 64), below=tmp_path / "below")
    assert (other / "a.json").read_text() == "changed behind its digest"
    gone = Folder(tmp_path / "gone", ("a.json",), "2" * 64)
    with pytest.raises(OperatorError, match=r"cannot put .*gone"):
        placed(gone, below=tmp_path / "below")
    assert {path.name for path in (tmp_path / "below").iterdir()} == {"0" * 24, "1" * 24}


def test_no_more_gpus_than_the_host_has(runtime: Runtime, tmp_path: Path) -> None:
    spec = Spec("x", runtime, tmp_path, tmp_path)
    assert "--dev-bind" not in options(spec)
    with pytest.raises(OperatorError, match=r"sandbox.gpus = 64, but this host has no /dev/nvidia"):
        options(replace(spec, limits=Limits(gpus=64)))
