"""What one problem's sandboxes have beyond the rest: further libraries with all that they need, and folders."""

import importlib.metadata
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aarlab.errors import OperatorError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DIGITS = 24
"""Of a digest, in the name of a folder."""


class Folder(Protocol):
    """Files of the host for sandboxes, as `aarlab.problem.equipment` has them."""

    @property
    def source(self) -> Path:
        """Where they are."""
        ...

    @property
    def files(self) -> Sequence[str]:
        """Their names."""
        ...

    @property
    def digest(self) -> str:
        """Of their content."""
        ...


def closure(packages: Sequence[str]) -> tuple[str, ...]:
    """The distributions and all that they need on this machine, by name.

    Raises OperatorError when one of them is not installed.
    """
    if not packages:
        return ()
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: set[str] = set()
    todo = [(Requirement(name), "the problem") for name in packages]
    while todo:
        wanted, whose = todo.pop()
        name = canonicalize_name(wanted.name)
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            raise OperatorError(f"{name}, which {whose} needs in sandboxes, is missing: pip install {name}") from None
        known = f"{name}[{','.join(sorted(wanted.extras))}]"
        if known not in found:
            found.add(known)
            todo += [(need, name) for need in map(Requirement, needs) if _applies(need, wanted.extras)]
    return tuple(sorted({known.partition("[")[0] for known in found}))


def _applies(need: "Requirement", extras: set[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras))


def placed(folder: Folder, *, below: Path) -> Path:
    """The folder's files where every sandbox can read them: linked where the disk is the same, else copied, once.

    Raises OperatorError when that cannot be done.
    """
    target = below / folder.digest[:DIGITS]
    if target.is_dir():
        return target
    below.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".placing-", dir=below))
    try:
        for name in folder.files:
            place((folder.source / name).resolve(), fresh / name)
        fresh.chmod(0o755)
        fresh.rename(target)
    except OSError as error:
        if not target.is_dir():
            raise OperatorError(f"cannot put {folder.source} where sandboxes can read it: {error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def place(source: Path, target: Path) -> None:
    """A hard link where the file is readable by all and on the same disk, else a copy that is readable by all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = source.stat().st_mode
    if mode & 0o004:
        try:
            target.hardlink_to(source)
            return
        except OSError:
            pass
    shutil.copy2(source, target)
    target.chmod(0o755 if mode & 0o100 else 0o644)
