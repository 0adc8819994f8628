"""What a sandbox looks like from inside: its folders, its environment, and bubblewrap's arguments that make them."""

import re
from collections.abc import Mapping
from pathlib import Path

import aarlab
from aarlab.sandbox.protocol import Spec

DEFAULT_UID = 60990
"""What a sandbox without a uid of its own runs as when the caller is root."""
INSIDE: Mapping[str, str] = {
    "PATH": "/opt/aarlab/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "PYTHONPATH": "/opt/aarlab/site",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""The environment inside."""
_MB = 1 << 20
_SCRATCH_MB, _SHM_MB = 100, 64
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _tmpfs(path: str, megabytes: int) -> list[str]:
    return ["--size", str(megabytes * _MB), "--tmpfs", path]


def _hidden() -> list[str]:
    """Installed packages below /usr, where this very package with its data may lie, are not for sandboxes."""
    package = Path(aarlab.__file__).resolve().parent.parent
    folders = {Path("/usr/lib/python3/dist-packages"), package}
    return [str(folder) for folder in sorted(folders) if folder.is_relative_to("/usr/lib") and folder.is_dir()]


def _system() -> list[str]:
    """Programs and libraries of the host.

    Not /usr/local, /usr/share and /usr/src: they hold what is installed besides, and texts.
    """
    options = []
    for folder in ("/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec"):
        options += ["--ro-bind-try", folder, folder]
    for name in ("bin", "lib", "lib64"):
        options += ["--symlink", f"usr/{name}", f"/{name}"]
    for folder in _hidden():
        options += [*_tmpfs(folder, 1), "--remount-ro", folder]
    for file in ("/etc/ld.so.cache", "/etc/alternatives"):
        options += ["--ro-bind-try", file, file]
    return options


def _mounts(spec: Spec) -> list[str]:
    options = ["--ro-bind", str(spec.runtime.root), "/opt/aarlab", "--ro-bind", str(spec.data), "/data"]
    options += ["--bind", str(spec.work), "/work"]
    for source, target in ((spec.method, "/method"), (spec.sock, "/sock")):
        if source is not None:
            options += ["--ro-bind", str(source), target]
    for target, source in spec.shelves.items():
        options += ["--ro-bind", str(source), target]
    return options


def environment(spec: Spec) -> dict[str, str]:
    """What a command in a sandbox of `spec` finds in its environment."""
    shared = any((spec.runtime.root / "python" / "lib").glob("libpython*.so*"))
    return {**INSIDE, "LD_LIBRARY_PATH": "/opt/aarlab/python/lib"} if shared else dict(INSIDE)


def options(spec: Spec) -> list[str]:
    """Bubblewrap's arguments for `spec`, without the environment, the descriptors and the command."""
    return [
        *("--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"),
        *("--uid", "1000", "--gid", "1000", "--hostname", "researcher", "--cap-drop", "ALL"),
        *_system(),
        *("--proc", "/proc", "--dev", "/dev"),
        *_tmpfs("/tmp", _SCRATCH_MB),
        *_tmpfs("/dev/shm", _SHM_MB),
        *_mounts(spec),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/work"),
    ]


def setenv(variables: Mapping[str, str]) -> list[str]:
    """Bubblewrap's arguments for an environment. Raises ValueError for what no environment can hold."""
    words = []
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise ValueError(f"not an environment variable: {name!r}")
        words += ["--setenv", name, value]
    return words
