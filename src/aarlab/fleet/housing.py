"""The sandbox of one researcher, as the settings of its study want it."""

import json
from collections.abc import Mapping
from pathlib import Path

from aarlab.errors import OperatorError
from aarlab.paths import StudyPaths
from aarlab.sandbox.bubblewrap import Bubblewrap
from aarlab.sandbox.limits import limits_of
from aarlab.sandbox.protocol import Runtime, Sandbox, SandboxBackend, Spec
from aarlab.sandbox.unsafe import UnsafeLocal
from aarlab.settings import SandboxSettings


def backend_of(settings: SandboxSettings) -> SandboxBackend:
    """The backend without another self-probe.

    The lab server has probed this very host before its doors opened, and would not have opened them had it not held.
    """
    if settings.backend == "unsafe-local":
        return UnsafeLocal()
    return Bubblewrap()


def house(
    backend: SandboxBackend,
    paths: StudyPaths,
    settings: SandboxSettings,
    *,
    name: str,
    index: int,
    shelves: Mapping[str, Path] | None = None,
) -> Sandbox:
    """Not yet started. Closing it removes also what an earlier process of this researcher left behind.

    `shelves` are as in `Spec`. Raises OperatorError before the lab server has prepared the study's runtime folder.
    """
    spec = Spec(
        name=f"{paths.runtime.name}.{name}",
        runtime=read_runtime(paths),
        work=paths.work(name),
        data=paths.data_of(name),
        sock=paths.socket_folder(name),
        shelves={"/library": paths.library(), **(shelves or {})},
        disk_image=paths.disks / f"{name}.img",
        uid=paths.uid(index),
        limits=limits_of(settings),
    )
    return backend.create(spec)


def read_runtime(paths: StudyPaths) -> Runtime:
    """The Python for sandboxes that the lab server has built and named. Raises OperatorError when there is none."""
    file = paths.runtime / "runtime.json"
    try:
        named = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise OperatorError(f"{file} is missing: the lab server writes it when it starts") from None
    folders = {inside: Path(folder) for inside, folder in named["folders"].items()}
    return Runtime(Path(named["root"]), named["digest"], folders, threaded=named["threaded"])
