"""What a sandbox is. Backends: bubblewrap (default) and unsafe-local (never ranks)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use."""

    memory_mb: int = 2048
    """All processes together."""
    pids: int = 128
    """Processes and threads."""
    cpus: float = 1.0
    """Cores."""
    disk_mb: int = 256
    """Everything under /work."""
    file_mb: int = 128
    """One file."""
    output_kb: int = 256
    """What is kept of stdout and of stderr."""
    gpus: int = 0
    """NVIDIA GPUs, the first of the host; shared with whoever else uses them."""


@dataclass(frozen=True)
class Runtime:
    """The Python that sandboxes see: an interpreter, a few libraries, the problem's kit and `lab`."""

    root: Path
    """Host folder, readable by every sandbox uid; bound read-only at /opt/aarlab. Has bin/python."""
    digest: str
    """Names interpreter, libraries and kit in the ledger."""
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Further host folders of the problem, read-only, by their absolute place inside."""
    threaded: bool = False
    """Whether libraries may use all cores of a sandbox; else one thread, which keeps sums in their order."""


@dataclass(frozen=True)
class Spec:
    """One sandbox to be."""

    name: str
    """Short and unique on this host: used for the cgroup and in logs."""
    runtime: Runtime
    """Python inside."""
    work: Path
    """Host folder that is /work inside, writable."""
    data: Path
    """Host folder that is /data inside, read-only."""
    method: Path | None = None
    """Host folder that is /method inside, read-only (verification)."""
    sock: Path | None = None
    """Host folder that is /sock inside, with the researcher's lab.sock."""
    shelves: Mapping[str, Path] = field(default_factory=dict)
    """Further host folders, read-only, by their absolute place inside."""
    disk_image: Path | None = None
    """Where root keeps the size-limited disk of `work`; None = a throw-away disk."""
    uid: int | None = None
    """Host uid, never 0 (root only); None = an unprivileged one for root, else that of the caller."""
    limits: Limits = field(default_factory=Limits)
    """What it may use."""


Streams = tuple[int, int, int]
"""Descriptors for standard input, output and error of a command; they stay the caller's to close."""


@dataclass(frozen=True)
class Completed:
    """How a command inside ended."""

    status: Literal["ok", "timeout", "oom", "error"]
    """Fixed words; "error" is any other non-zero exit."""
    returncode: int
    """Exit status, negative for a signal."""
    stdout: bytes
    """First `output_kb`, the researcher's own; verification throws it away."""
    stderr: bytes
    """As stdout."""
    seconds: float
    """Wall time."""
    cpu_seconds: float
    """User and system time of all its processes; of killed ones only where there is a cgroup."""


@dataclass(frozen=True)
class Enforcement:
    """What a backend really enforces on this host, found out by a probe at start, never assumed."""

    backend: str
    """"bubblewrap" or "unsafe-local"."""
    enforced: tuple[str, ...]
    """What the probe saw hold, of: files, network, processes, syscalls, memory, cpu, pids, disk, uid."""
    missing: Mapping[str, str]
    """Property -> why not and how to get it."""

    @property
    def rankable(self) -> bool:
        """Whether results made under it may rank: files, network, processes and system calls must be closed."""
        return {"files", "network", "processes", "syscalls"} <= set(self.enforced)


class Sandbox(Protocol):
    """A place where a researcher's code runs. Also a context manager: start on enter, close on exit."""

    @property
    def spec(self) -> Spec:
        """As it was asked for."""
        ...

    def start(self) -> None:
        """Mounts the disk and makes the cgroup. Idempotent. Raises OperatorError."""
        ...

    def exec(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        streams: Streams | None = None,
    ) -> Completed:
        """Runs a command with /work as its folder; when it ends, by itself or by the timeout, nothing of it is left.

        With `streams` it gets these instead of `stdin`, and nothing of its output is kept. Never hand in a descriptor
        of the caller's own terminal or files: the command may write and seek wherever they lead.
        """
        ...

    def used(self) -> float:
        """CPU seconds of its commands since its start; without a cgroup only of those that have ended."""
        ...

    def put(self, path: str, data: bytes) -> None:
        """Writes a file under /work (`path` relative), never through a link. Raises ResearcherError."""
        ...

    def get(self, path: str, *, max_bytes: int) -> bytes:
        """Reads a regular file under /work with the careful reader. Raises ResearcherError."""
        ...

    def kill(self) -> None:
        """Kills everything inside, at once."""
        ...

    def close(self) -> None:
        """Kills, unmounts and removes what start made; the disk image stays."""
        ...

    def __enter__(self) -> "Sandbox": ...

    def __exit__(self, *exc: object) -> None: ...


class SandboxBackend(Protocol):
    """Makes sandboxes of one kind."""

    def describe(self) -> Enforcement:
        """The result of the self-probe (run once, bounded, cached in the object)."""
        ...

    def create(self, spec: Spec) -> Sandbox:
        """A sandbox that is not yet started."""
        ...
