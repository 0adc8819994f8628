"""The Python that sandboxes see: an interpreter for any uid, a few libraries, the problem's kit, the command `lab`.

Built once for each content and shared by all sandboxes. The host's own Python cannot be bound instead: it may lie in a
home that other uids cannot enter, and next to it lie the lab and its data.
"""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import cache_from_source
from pathlib import Path

import aarlab
from aarlab.canonical import digest, digest_json
from aarlab.errors import OperatorError
from aarlab.sandbox.furnish import Folder, closure, place, placed
from aarlab.sandbox.protocol import Runtime

DISTRIBUTIONS = ("numpy", "scipy", "safetensors")
"""Libraries that methods may use."""
_LAYOUT = 1
_PACKAGE = Path(aarlab.__file__).resolve().parent
ALWAYS = ("__init__.py", "errors.py", "canonical.py", "quote.py", "digest.py", "api/unix.py", "inside")
"""What every runtime has of the package: the command `lab`, and what a kit needs."""
_COMMAND = '#!/bin/sh\nexec "${0%/*}/python" -P -m aarlab.inside.main "$@"\n'
"""bin/lab; -P keeps modules of the current folder out of it."""
_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
_SKIPPED = {
    "test", "tests", "idlelib", "turtledemo", "tkinter", "ensurepip", "lib2to3", "site-packages", "dist-packages",
    "__pycache__",
}  # fmt: skip

Progress = Callable[[str], None]


def cache_folder() -> Path:
    """Where runtimes are kept: below $AARLAB_CACHE, else /var/cache/aarlab (root) or the user's cache folder."""
    chosen = os.environ.get("AARLAB_CACHE")
    if chosen:
        return Path(chosen).resolve() / "runtime"
    if os.geteuid() == 0:
        return Path("/var/cache/aarlab/runtime")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aarlab" / "runtime"


def _kit_files(kit: Sequence[str]) -> dict[str, Path]:
    """Path below aarlab/ -> host file, for the files of `kit` and what every kit needs."""
    found: dict[str, Path] = {}
    for entry in (*ALWAYS, *kit):
        source = (_PACKAGE / entry).resolve()
        if not source.is_relative_to(_PACKAGE) or source == _PACKAGE or not source.exists():
            raise OperatorError(f"the problem's kit names {entry!r}, which is no file or folder of the package aarlab")
        files = (
            [source]
            if source.is_file()
            else [f for f in source.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
        )
        found.update({str(file.relative_to(_PACKAGE)): file for file in files})
    return dict(sorted(found.items()))


def _versions(distributions: Sequence[str]) -> dict[str, str]:
    try:
        return {name: importlib.metadata.version(name) for name in sorted(distributions)}
    except importlib.metadata.PackageNotFoundError as error:
        raise OperatorError(f"{error.name} is not installed in this Python: pip install {error.name}") from None


def _name(files: dict[str, Path], versions: dict[str, str]) -> str:
    content = {path: digest(file.read_bytes()) for path, file in files.items()}
    return digest_json([_LAYOUT, _COMMAND, sys.version, platform.machine(), versions, content])


def _place_module(source: Path, target: Path) -> None:
    """A file, and with Python source what was compiled from it already."""
    place(source, target)
    if source.suffix == ".py":
        compiled = Path(cache_from_source(str(source)))
        if compiled.is_file():
            place(compiled, Path(cache_from_source(str(target))))


def _tree(folder: Path) -> Iterator[Path]:
    """Files below `folder` that a sandbox may need, relative."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("config-"))
        for name in sorted(files):
            yield (Path(here) / name).relative_to(folder)


def _shared_library(base: Path) -> Path | None:
    """The interpreter's own library, for one that is not linked statically.

    The recorded folder is where it was built.
    """
    name = str(sysconfig.get_config_var("INSTSONAME") or "none.a")
    candidates = (
        [] if name.endswith(".a") else [base / "lib" / name, Path(sysconfig.get_config_var("LIBDIR") or "/") / name]
    )
    return next((path for path in candidates if os.access(path, os.R_OK)), None)


def _place_interpreter(root: Path) -> None:
    base = Path(sys.base_prefix)
    program = (base / "bin" / _VERSION).resolve()
    if not program.is_file():
        raise OperatorError(f"cannot find the interpreter {base}/bin/{_VERSION} to give to sandboxes")
    stdlib, target = Path(os.__file__).resolve().parent, root / "python" / "lib" / _VERSION
    for file in _tree(stdlib):
        _place_module(stdlib / file, target / file)
    library = _shared_library(base)
    if library is not None:
        place(library.resolve(), root / "python" / "lib" / library.name)
    if sys.platlibdir != "lib":
        (root / "python" / sys.platlibdir).symlink_to("lib")
    place(program, root / "python" / "bin" / _VERSION)
    (root / "bin").mkdir()
    for name in ("python", "python3"):
        (root / "bin" / name).symlink_to(f"../python/bin/{_VERSION}")
    (root / "bin" / "lab").write_text(_COMMAND)
    (root / "bin" / "lab").chmod(0o755)


def _distribution_files(name: str, *, metadata: bool) -> Iterator[tuple[Path, Path]]:
    """(host file, path below site) of an installed library, without its tests.

    Of its metadata there is only the version, where libraries ask each other for it.
    """
    for file in importlib.metadata.files(name) or []:
        inner = Path(str(file))
        told = inner.parts[0].endswith(".dist-info") and not (metadata and inner.name == "METADATA")
        skipped = _SKIPPED & set(inner.parts) or ".." in inner.parts or told
        source = Path(str(file.locate()))
        if not skipped and source.is_file():
            yield source, inner


def _place_libraries(site: Path, distributions: Iterable[str], *, metadata: bool) -> None:
    for name in distributions:
        files = list(_distribution_files(name, metadata=metadata))
        if not files:
            raise OperatorError(
                f"the installation of {name} has no list of files: pip install --force-reinstall {name}"
            )
        for source, inner in files:
            _place_module(source, site / inner)


def _place_kit(site: Path, files: dict[str, Path]) -> None:
    """Copies, never links: a kit is edited in place. Folders between get an empty __init__.py, not that of the lab."""
    for inner, source in files.items():
        target = site / "aarlab" / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    for folder in [path for path in (site / "aarlab").rglob("*") if path.is_dir()]:
        if any(folder.glob("**/*.py")):
            (folder / "__init__.py").touch()


def _open_to_all(root: Path) -> None:
    for here, _, files in os.walk(root):
        os.chmod(here, 0o755)
        for name in files:
            path = Path(here) / name
            if not path.is_symlink() and not path.stat().st_mode & 0o004:
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def host_environment(root: Path) -> dict[str, str]:
    """What the runtime at `root` needs in its environment when it runs outside a sandbox."""
    return {"PYTHONPATH": str(root / "site"), "LD_LIBRARY_PATH": str(root / "python" / "lib"), "LANG": "C.UTF-8"}


def _python(root: Path, *argv: str, must: bool = True) -> None:
    """Runs it with the new Python. Raises OperatorError when it fails though it `must` not."""
    done = subprocess.run(
        [str(root / "bin" / "python"), *argv],
        env=host_environment(root),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and must:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise OperatorError(f"the Python built for sandboxes does not work: {last}")


def _finish(root: Path, distributions: Sequence[str], *, foreign: bool) -> None:
    """Compiles what came without byte code, since sandboxes cannot, and sees that it all imports.

    `foreign` libraries may hold files that are no Python of this version: what cannot be compiled is left as it is.
    """
    _open_to_all(root)
    folders = (str(root / "python" / "lib" / _VERSION), str(root / "site"))
    _python(root, "-m", "compileall", "-q", "-j", "0", *folders, must=not foreign)
    modules = [
        "json",
        "ctypes",
        "hashlib",
        "socket",
        "aarlab.canonical",
        "aarlab.inside.main",
        *(name.replace("-", "_") for name in distributions),
    ]
    _python(root, "-c", "".join(f"import {module}\n" for module in modules))
    _open_to_all(root)


def _build(root: Path, files: dict[str, Path], distributions: Sequence[str], more: Sequence[str]) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".building-", dir=root.parent))
    try:
        _place_interpreter(temporary)
        needed = dict.fromkeys((*distributions, *closure(more)))
        _place_libraries(temporary / "site", needed, metadata=bool(more))
        _place_kit(temporary / "site", files)
        _finish(temporary, (*distributions, *more), foreign=bool(more))
        temporary.rename(root)
    except OSError as error:
        if not root.is_dir():
            raise OperatorError(f"cannot build the Python for sandboxes in {root.parent}: {error}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def build_runtime(
    kit: Sequence[str],
    *,
    distributions: Sequence[str] = DISTRIBUTIONS,
    packages: Sequence[str] = (),
    folders: Mapping[str, Folder] | None = None,
    progress: Progress | None = None,
) -> Runtime:
    """The runtime with exactly the modules `kit`, built when it is missing.

    `kit` has paths below the package: "w2s/task.py", "w2s/methods". `packages` and `folders` are the problem's
    equipment: libraries with all that they need, and files by their place inside. The digest names the interpreter, the
    libraries' versions and the content of the kit. Two processes may build at the same time; the first to finish wins.
    Raises OperatorError when the kit or a library is missing or the result does not work.
    """
    files, versions = _kit_files(kit), _versions([*distributions, *closure(packages)])
    name = _name(files, versions)
    root = cache_folder() / name[:24]
    if not root.is_dir():
        if progress is not None:
            progress("building the Python that sandboxes use (once)")
        _build(root, files, distributions, packages)
    below = cache_folder().with_name("folders")
    found = {inside: placed(folder, below=below) for inside, folder in (folders or {}).items()}
    return Runtime(root=root, digest=name, folders=found, threaded=bool(packages))
