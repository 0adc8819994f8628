"""What a sandbox looks like from inside: its folders, its environment, and bubblewrap's arguments that make them."""

import re
from collections.abc import Mapping
from pathlib import Path

import aarlab
from aarlab.errors import OperatorError
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
_DRIVER = ("/dev/nvidiactl", "/dev/nvidia-uvm")
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
    for target, source in {**spec.runtime.folders, **spec.shelves}.items():
        options += ["--ro-bind", str(source), target]
    return options


def environment(spec: Spec) -> dict[str, str]:
    """What a command in a sandbox of `spec` finds in its environment."""
    shared = any((spec.runtime.root / "python" / "lib").glob("libpython*.so*"))
    library = {"LD_LIBRARY_PATH": "/opt/aarlab/python/lib"} if shared else {}
    return {**INSIDE, **threads(spec), **library}


def threads(spec: Spec) -> dict[str, str]:
    """How many threads libraries use; nothing where that is one."""
    if not spec.runtime.threaded:
        return {}
    return dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), str(max(1, int(spec.limits.cpus))))


def gpus(spec: Spec) -> list[str]:
    """Bubblewrap's arguments for the device nodes of its GPUs. Raises OperatorError where the host has fewer."""
    if spec.limits.gpus == 0:
        return []
    nodes = [f"/dev/nvidia{number}" for number in range(spec.limits.gpus)]
    absent = [node for node in (*nodes, *_DRIVER) if not Path(node).exists()]
    if absent:
        raise OperatorError(
            f"sandbox.gpus = {spec.limits.gpus}, but this host has no {absent[0]}: set it to the number of NVIDIA "
            "GPUs that `nvidia-smi` lists, 0 for none"
        )
    options = [word for node in (*nodes, *_DRIVER) for word in ("--dev-bind", node, node)]
    return [*options, "--dev-bind-try", "/dev/nvidia-uvm-tools", "/dev/nvidia-uvm-tools"]


def options(spec: Spec) -> list[str]:
    """Bubblewrap's arguments for `spec`, without the environment, the descriptors and the command."""
    return [
        *("--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"),
        *("--uid", "1000", "--gid", "1000", "--hostname", "researcher", "--cap-drop", "ALL"),
        *_system(),
        *("--proc", "/proc", "--dev", "/dev"),
        *gpus(spec),
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
