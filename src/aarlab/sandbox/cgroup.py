"""Limits for all processes of a sandbox together, with cgroup v1 or v2, below the cgroup that we are in ourselves.

Which of them can be used is found out by trying: hosts differ in what is mounted (v1, v2, both with the controllers on
either side) and in what is writable (root, a delegated subtree of a user session, nothing).
"""

import errno
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aarlab.errors import OperatorError
from aarlab.sandbox.protocol import Limits

_PERIOD_US = 100_000
_OVERHEAD_PIDS = 4
_EMPTY_SECONDS = 10.0
_V1_NEEDED = ("memory", "pids", "cpu")
_V1_WELCOME = ("cpuacct", "freezer")
_V2_NEEDED = ("memory", "pids", "cpu")


@dataclass(frozen=True)
class Hierarchies:
    """Where sandboxes' cgroups can be made on this host."""

    kind: Literal["v1", "v2"]
    """Which interface."""
    parents: Mapping[str, Path]
    """Controller -> writable folder (v2: the same for all)."""


def _mounts() -> list[tuple[Path, str, set[str]]]:
    """Mount point, file-system type and options of every cgroup mount that shows its hierarchy's root."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ", 1)
        kind, _, options = right.split(" ")[:3]
        if kind in ("cgroup", "cgroup2"):
            found.append((Path(left.split(" ")[4]), kind, set(options.split(","))))
    return found


def _own() -> dict[str, str]:
    """Controller -> path of our own cgroup; "" is v2."""
    paths = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _below(mount: Path, own: str) -> Path:
    """Our own cgroup below `mount`; in a cgroup namespace the paths may not match and the mount itself is ours."""
    path = mount / own.lstrip("/")
    return path if ".." not in own and path.is_dir() else mount


def _v1() -> Hierarchies | None:
    own, parents = _own(), {}
    for mount, kind, options in _mounts():
        for controller in (*_V1_NEEDED, *_V1_WELCOME):
            if kind == "cgroup" and controller in options and controller in own:
                parents[controller] = _below(mount, own[controller])
    if not all(name in parents for name in _V1_NEEDED):
        return None
    usable = {name: path for name, path in parents.items() if os.access(path, os.W_OK)}
    return Hierarchies("v1", usable) if all(name in usable for name in _V1_NEEDED) else None


def _controllers(folder: Path, file: str) -> set[str]:
    return set((folder / file).read_text().split())


def _gives_controllers(folder: Path) -> bool:
    """Whether children of `folder` get the controllers; switches them on where that is possible."""
    if not set(_V2_NEEDED) <= _controllers(folder, "cgroup.controllers"):
        return False
    missing = set(_V2_NEEDED) - _controllers(folder, "cgroup.subtree_control")
    with suppress(OSError):
        if missing:
            (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(missing)))
    return set(_V2_NEEDED) <= _controllers(folder, "cgroup.subtree_control")


def _can_move_into(folder: Path) -> bool:
    """Tries it with a child of ours: permission depends on the common ancestor, not on `folder` alone."""
    trial = folder / f"aarlab-trial-{os.getpid()}"
    reader, writer = os.pipe()
    try:
        trial.mkdir(exist_ok=True)
        child = os.posix_spawn("/bin/cat", ["cat"], {}, file_actions=[(os.POSIX_SPAWN_DUP2, reader, 0)])
        try:
            (trial / "cgroup.procs").write_text(str(child))
            return True
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    except OSError:
        return False
    finally:
        os.close(reader)
        os.close(writer)
        with suppress(OSError):
            _remove(trial)


def _v2() -> Hierarchies | None:
    for mount, kind, _ in _mounts():
        if kind != "cgroup2":
            continue
        own = _below(mount, _own().get("", "/"))
        for folder in (own, *own.parents):
            if folder == mount.parent:
                break
            if os.access(folder, os.W_OK) and _gives_controllers(folder) and _can_move_into(folder):
                return Hierarchies("v2", dict.fromkeys(_V2_NEEDED, folder))
    return None


def detect() -> Hierarchies | None:
    """Where cgroups with memory, pids and cpu limits can be made, or None."""
    return _v1() or _v2()


def _write(path: Path, value: str | int) -> None:
    try:
        path.write_text(f"{value}\n")
    except OSError as error:
        raise OperatorError(f"cannot set the limit {path}: {error.strerror}") from None


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def _remove(folder: Path) -> None:
    """Removes a cgroup; the kernel may need a moment after the last process has gone."""

    def gone() -> bool:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True

    if not _wait(gone, _EMPTY_SECONDS):
        raise OperatorError(f"the cgroup {folder} does not become empty; see its cgroup.procs")


def _field(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(name + " "):
            return int(line.split()[1])
    return 0


class Cgroup:
    """One sandbox's cgroup. Making one with the name of an old one first kills what is left in that."""

    def __init__(self, hierarchies: Hierarchies, name: str) -> None:
        self._kind = hierarchies.kind
        self._folders = {controller: parent / f"aarlab.{name}" for controller, parent in hierarchies.parents.items()}

    def _distinct(self) -> set[Path]:
        return set(self._folders.values())

    def create(self, limits: Limits) -> None:
        """Makes it with `limits`. Raises OperatorError where the host refuses."""
        self.remove()
        for folder in self._distinct():
            try:
                folder.mkdir()
            except OSError as error:
                raise OperatorError(f"cannot make the cgroup {folder}: {error.strerror}") from None
        self._limit_v1(limits) if self._kind == "v1" else self._limit_v2(limits)

    def _limit_v1(self, limits: Limits) -> None:
        memory = self._folders["memory"]
        _write(memory / "memory.limit_in_bytes", limits.memory_mb << 20)
        if (memory / "memory.memsw.limit_in_bytes").exists():
            _write(memory / "memory.memsw.limit_in_bytes", limits.memory_mb << 20)
        _write(self._folders["pids"] / "pids.max", limits.pids + _OVERHEAD_PIDS)
        _write(self._folders["cpu"] / "cpu.cfs_period_us", _PERIOD_US)
        _write(self._folders["cpu"] / "cpu.cfs_quota_us", int(limits.cpus * _PERIOD_US))

    def _limit_v2(self, limits: Limits) -> None:
        folder = self._folders["memory"]
        _write(folder / "memory.max", limits.memory_mb << 20)
        if (folder / "memory.swap.max").exists():
            _write(folder / "memory.swap.max", 0)
        _write(folder / "pids.max", limits.pids + _OVERHEAD_PIDS)
        _write(folder / "cpu.max", f"{int(limits.cpus * _PERIOD_US)} {_PERIOD_US}")

    def add(self, pid: int) -> None:
        """Moves a process in; what it starts later is in it too. Costs about 15 ms of waiting in the kernel."""
        for folder in self._distinct():
            _write(folder / "cgroup.procs", pid)

    def oom_kills(self) -> int:
        """How many processes the memory limit has killed so far."""
        folder = self._folders["memory"]
        return _field(folder / ("memory.oom_control" if self._kind == "v1" else "memory.events"), "oom_kill")

    def cpu_seconds(self) -> float | None:
        """User and system time used so far; None where v1 has no cpuacct."""
        if self._kind == "v2":
            return _field(self._folders["cpu"] / "cpu.stat", "usage_usec") / 1e6
        if "cpuacct" not in self._folders:
            return None
        return int((self._folders["cpuacct"] / "cpuacct.usage").read_text()) / 1e9

    def throttled(self) -> int:
        """How often the cpu limit has held it back so far."""
        return _field(self._folders["cpu"] / "cpu.stat", "nr_throttled")

    def pids(self) -> set[int]:
        """Processes that are in it now."""
        found = set()
        for folder in self._distinct():
            with suppress(FileNotFoundError, OSError):
                found |= {int(word) for word in (folder / "cgroup.procs").read_text().split()}
        return found - {0}

    def _kill_round(self) -> bool:
        """One round; True when nothing was left."""
        for folder in self._distinct():
            with suppress(OSError):
                (folder / "cgroup.kill").write_text("1")
        left = self.pids()
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    def kill(self) -> None:
        """Kills all in it until it is empty; a process that forks faster than that runs into its pids limit."""
        if not _wait(self._kill_round, _EMPTY_SECONDS):
            raise OperatorError(f"processes in {sorted(self._distinct())[0]} do not die")

    def remove(self) -> None:
        """Kills all in it and removes it; nothing to do is no error."""
        existing = [folder for folder in self._distinct() if folder.is_dir()]
        if existing:
            self.kill()
        for folder in existing:
            _remove(folder)
