"""Finding out what a backend really enforces on this host.

Starts one small sandbox, attacks it from inside, and believes only what it saw. Fails closed: what could not be
tried counts as not enforced.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from aarlab.errors import OperatorError
from aarlab.sandbox import hints
from aarlab.sandbox.bubblewrap import Bubblewrap, BubblewrapSandbox
from aarlab.sandbox.protocol import Completed, Enforcement, Limits, Runtime, Spec
from aarlab.sandbox.runtime import build_runtime

PROPERTIES = ("files", "network", "processes", "syscalls", "memory", "cpu", "pids", "disk", "uid")
"""All that can be enforced."""
_SCRIPT = Path(__file__).with_name("_attacks.py").read_text()
_LIMITS = Limits(memory_mb=64, pids=24, cpus=1.0, disk_mb=4, file_mb=2, output_kb=16)
_LITTLE_CPU = 0.1
_BURN = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"
_TIMEOUT = 3.0
_GRACE = 1.0
"""What was killed may stand in /proc a little longer on a busy host."""
_PREFIX = "aarlab-probe-"
_MISSING: Mapping[str, str] = {
    "memory": "each process is limited, but not all together, because no cgroup is writable",
    "cpu": "no cgroup is writable",
    "pids": "no cgroup is writable and RLIMIT_NPROC does not hold",
    "disk": "many small files are only counted twice a second, because no file system can be mounted",
    "uid": "commands run as the user who runs the lab",
}
_REMEDY: Mapping[str, str] = {
    "memory": "start aarlab as root or in a systemd user session",
    "cpu": "start aarlab as root or in a systemd user session",
    "pids": "start aarlab as root or in a systemd user session",
    "disk": "start aarlab as root",
    "uid": "start aarlab as root, then each researcher has a uid",
}
_CONTAINER = "this root lacks rights: in a container, start it with --privileged --cgroupns=host"


def _why_missing(name: str, saw: str) -> str:
    """For the operator: what lacks and what to do. What was seen is told where no remedy is known."""
    if name not in _MISSING:
        return saw
    return f"{_MISSING[name]}: {_REMEDY[name] if os.geteuid() else _CONTAINER}"


def _base() -> Path:
    """Where other uids may walk."""
    return Path("/run") if os.geteuid() == 0 and os.access("/run", os.W_OK) else Path(tempfile.gettempdir())


def _sweep(backend: Bubblewrap, runtime: Runtime) -> None:
    """Removes what probes of processes that were killed have left; another probe may be doing the same."""
    for folder in _base().glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            with suppress(OperatorError, OSError):
                for spec in (_spec(runtime, folder), _cpu_spec(runtime, folder)):
                    backend.create(spec).close()
            shutil.rmtree(folder, ignore_errors=True)


def _spec(runtime: Runtime, folder: Path) -> Spec:
    name = folder.name.removeprefix("aarlab-")
    return Spec(name=name, runtime=runtime, work=folder / "work", data=folder / "data", limits=_LIMITS)


def _cpu_spec(runtime: Runtime, folder: Path) -> Spec:
    spec = _spec(runtime, folder)
    return replace(spec, name=f"{spec.name}-cpu", work=folder / "cpu", limits=replace(_LIMITS, cpus=_LITTLE_CPU))


@contextmanager
def _folder() -> Iterator[Path]:
    """Named after this process, so that another can see whether its owner is gone."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_base()))
    (folder / "data").mkdir()
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _targets(folder: Path) -> Iterator[dict[str, Any]]:
    """Things of the host that a sandbox must not reach: a file, listeners, a process."""
    token = secrets.token_hex(8)
    secret = folder / "secret"
    secret.write_text(token)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{token}")
        abstract.listen()
        victim = stack.enter_context(subprocess.Popen(["sh", "-c", "read x", token], stdin=subprocess.PIPE, env={}))
        stack.callback(victim.kill)
        limits = {"pids": _LIMITS.pids, "memory_mb": _LIMITS.memory_mb, "disk_mb": _LIMITS.disk_mb}
        yield {"secret": str(secret), "token": token, "port": listener.getsockname()[1], "uid": os.geteuid(), **limits}


class _Attacker:
    """Runs attacks in one sandbox and reads what they say."""

    def __init__(self, sandbox: BubblewrapSandbox, work: Path, targets: Mapping[str, Any]) -> None:
        self._sandbox, self._work, self._targets = sandbox, work, targets

    def _run(self, name: str, **more: Any) -> Completed:
        target = json.dumps({**self._targets, **more}).encode()
        return self._sandbox.exec(["python", "-I", "-S", "-c", _SCRIPT, name], timeout=_TIMEOUT, stdin=target)

    def ask(self, name: str) -> dict[str, Any]:
        """Its own verdicts; empty when it could not even say so."""
        done = self._run(name)
        try:
            verdicts = json.loads(done.stdout)
        except ValueError:
            return {}
        return verdicts if isinstance(verdicts, dict) else {}

    def oom(self) -> bool:
        """Whether the memory limit struck: the attacker itself is killed, or says that children were."""
        done = self._run("memory")
        return done.status == "oom" or (done.status == "ok" and all(json.loads(done.stdout).values()))

    def owner(self) -> int:
        """The host's uid of what it wrote."""
        return (self._work / "mine").stat(follow_symlinks=False).st_uid

    def survives(self) -> bool:
        """Whether a process that was left behind is still there on the host."""
        nap = f"{secrets.randbelow(10**9) + 10**9}"
        self._run("daemon", nap=nap)
        deadline = time.monotonic() + _GRACE
        while any(nap.encode() in _command(path) for path in Path("/proc").glob("[0-9]*/cmdline")):
            if time.monotonic() > deadline:
                return True
            time.sleep(0.005)
        return False


def _command(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _failed(tried: Mapping[str, bool]) -> str | None:
    """What is wrong with one property's attempts: the first that was not refused, or that none was made."""
    if not tried:
        return "could not be tried"
    return next((f"not refused: {name}" for name, held in tried.items() if held is not True), None)


def _closed(attacker: _Attacker) -> dict[str, str | None]:
    tried = attacker.ask("basics")
    found = {name: _failed(tried.get(name, {})) for name in ("files", "network", "processes", "syscalls", "uid")}
    if found["uid"] is None and attacker.owner() in (0, os.geteuid()):
        found["uid"] = "commands run as the lab's own user"
    if found["processes"] is None and attacker.survives():
        found["processes"] = "a process that was left behind survives"
    return found


def _throttled(backend: Bubblewrap, spec: Spec) -> bool:
    """Whether the kernel, in its own count, holds back a sandbox with very little cpu: seen on a busy host too."""
    with backend.create(spec) as sandbox:
        sandbox.exec(["/bin/sh", "-c", _BURN], timeout=_TIMEOUT)
        return bool(sandbox.throttled())


def _limited(attacker: _Attacker, *, cgroups: bool, disks: bool) -> dict[str, str | None]:
    return {
        "pids": _failed(attacker.ask("pids")),
        "memory": None if cgroups and attacker.oom() else "not held",
        "disk": _failed(attacker.ask("disk")) if disks else "not held",
    }


def _attack(backend: Bubblewrap) -> dict[str, str | None]:
    runtime, cgroups = build_runtime((), distributions=()), backend.hierarchies is not None
    _sweep(backend, runtime)
    with _folder() as folder, _targets(folder) as targets:
        spec = _spec(runtime, folder)
        with backend.create(spec) as sandbox:
            attacker = _Attacker(sandbox, spec.work, targets)
            found = {**_closed(attacker), **_limited(attacker, cgroups=cgroups, disks=backend.hard_disk)}
        held = cgroups and _throttled(backend, _cpu_spec(runtime, folder))
        return {**found, "cpu": None if held else "not held"}


def probe(backend: Bubblewrap) -> Enforcement:
    """What `backend` enforces on this host.

    Never raises for a host that cannot: then all is missing, with the reason.
    """
    problem = hints.bubblewrap_problem()
    found: dict[str, str | None] = dict.fromkeys(PROPERTIES, problem)
    if problem is None:
        try:
            found = _attack(backend)
        except OperatorError as error:
            found = dict.fromkeys(PROPERTIES, hints.explain(str(error)))
    started = not (problem or (len(set(found.values())) == 1 and None not in found.values()))
    missing = {name: (_why_missing(name, why) if started else why) for name, why in found.items() if why is not None}
    enforced = tuple(name for name in PROPERTIES if found.get(name, "not tried") is None)
    return Enforcement(backend="bubblewrap", enforced=enforced, missing=missing)
