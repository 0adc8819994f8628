"""Where a coding agent lies on the host, and which of the host's folders a sandbox needs for it: these and no other."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aarlab.errors import UserError
from aarlab.minds.agent.preset import Preset
from aarlab.minds.agent.reach import reachable

PLACE = "/opt/agent"
"""Where it is inside."""
_MODULES = "node_modules"
_SYSTEM = (Path("/usr/bin"), Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/libexec"))
"""What every sandbox sees of the host."""


@dataclass(frozen=True)
class Installed:
    """A program as a sandbox has it."""

    program: str
    """Its path inside."""
    folder: str
    """The preset's own folder inside."""
    shelves: Mapping[str, Path]
    """Place inside -> host, for `Spec.shelves`."""


def locate(agent: Preset, *, program: str = "") -> Installed:
    """Finds the program of a preset, or `program` (a name or a path) instead. Raises UserError, OperatorError."""
    shelves: dict[str, Path] = {}
    inside = ""
    if wanted := program or agent.program:
        found = shutil.which(wanted)
        if found is None:
            how = f"; {agent.install}" if agent.install else ""
            raise UserError(f"{agent.title}: there is no program {wanted!r}{how} (or set minds.program to its path)")
        inside, shelves = _program(Path(found), agent)
    if agent.folder:
        shelves[f"{PLACE}/own"] = Path(agent.folder)
        if not Path(agent.folder).is_dir():
            raise UserError(f"{agent.title}: there is no folder {agent.folder}")
    return Installed(inside, f"{PLACE}/own", {place: reachable(host) for place, host in shelves.items()})


def _program(found: Path, agent: Preset) -> tuple[str, dict[str, Path]]:
    real = found.resolve()
    shelves = _node(agent) if _starts_node(real) else {}
    if _MODULES in real.parts:
        at = len(real.parts) - 1 - real.parts[::-1].index(_MODULES)
        package = Path(*real.parts[: at + (3 if real.parts[at + 1].startswith("@") else 2)])
        packages = _packages(package)
        return f"{_place(package)}/{real.relative_to(package)}", {**shelves, **packages}
    if any(real.is_relative_to(folder) for folder in _SYSTEM):
        return str(real), shelves
    place = f"{PLACE}/bin/{found.name}"
    return place, {**shelves, place: real}


def _packages(package: Path) -> dict[str, Path]:
    """An installed npm package and what it depends on and does not hold itself, as a flat tree."""
    shelves, waiting = {_place(package): package}, [package]
    while waiting:
        one = waiting.pop()
        for found in _dependencies(one):
            if not found.is_relative_to(one) and _place(found) not in shelves:
                shelves[_place(found)] = found
                waiting.append(found)
    return shelves


def _dependencies(package: Path) -> Iterator[Path]:
    """Where the dependencies lie that are installed, as Node looks for them."""
    told = json.loads((package / "package.json").read_bytes())
    for name in {**told.get("dependencies", {}), **told.get("optionalDependencies", {})}:
        places = (folder / _MODULES / name for folder in (package, *package.parents))
        if (found := next((place for place in places if place.is_dir()), None)) is not None:
            yield found


def _place(package: Path) -> str:
    """Inside, for a package folder of the host."""
    scope = f"{package.parent.name}/" if package.parent.name.startswith("@") else ""
    return f"{PLACE}/{_MODULES}/{scope}{package.name}"


def _starts_node(file: Path) -> bool:
    with file.open("rb") as stream:
        first = stream.readline(200)
    return first.startswith(b"#!") and b"node" in first


def _node(agent: Preset) -> dict[str, Path]:
    """Node itself, where it is not among the system's programs."""
    found = shutil.which("node")
    if found is None:
        raise UserError(f"{agent.title}: it runs with Node.js, and there is no program 'node': install Node.js")
    real = Path(found).resolve()
    return {} if real.is_relative_to("/usr/bin") and real.name == "node" else {f"{PLACE}/bin/node": real}
