"""The default sandbox: bubblewrap's namespaces, our own system-call filter, a cgroup and a disk of fixed size.

As root, commands run under the sandbox's own host uid and everything is enforced. As an ordinary user the same
namespaces and filter hold; what then lacks is in `describe().missing`.
"""

import os
import re
import resource
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Literal

from aarlab.errors import OperatorError, ResearcherError
from aarlab.sandbox import cgroup, disk, layout, reader, seccomp
from aarlab.sandbox.launch import Command, Ended, Helper, Run
from aarlab.sandbox.protocol import Completed, Enforcement, Spec, Streams

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MB = 1 << 20
_MAX_COMMAND = 100 << 10
_CLOSE_SECONDS = 30.0
_NO_PROGRAM = "bwrap: execvp "
_CROWDED = ("Resource temporarily unavailable", "Cannot allocate memory")


def _checked(argv: Sequence[str]) -> Sequence[str]:
    """A command that the kernel can be asked to run; what a researcher's mind makes up need not be one."""
    if not argv or any("\0" in word for word in argv):
        raise ResearcherError("a command is one or more words without zero bytes", code="malformed")
    if sum(len(os.fsencode(word)) for word in argv) > _MAX_COMMAND:
        raise ResearcherError(f"a command may have {_MAX_COMMAND >> 10} KiB: put a file instead", code="malformed")
    return argv


def _exit_status(ended: Ended) -> int:
    """Python's convention: negative for a signal; and the shell's 127 for a program that is not there."""
    if ended.exit_code is None:
        return 127 if ended.stderr.decode(errors="replace").startswith(_NO_PROGRAM) else -9
    return 128 - ended.exit_code if 128 < ended.exit_code < 193 else ended.exit_code


class BubblewrapSandbox:
    """One sandbox (see protocol.Sandbox). Commands may run at the same time in several threads."""

    def __init__(self, spec: Spec, hierarchies: cgroup.Hierarchies | None, *, hard_disk: bool) -> None:
        self._spec, self._hard_disk = spec, hard_disk
        self._root = os.geteuid() == 0
        self._uid = (spec.uid if spec.uid is not None else layout.DEFAULT_UID) if self._root else None
        self._cgroup = cgroup.Cgroup(hierarchies, spec.name) if hierarchies is not None else None
        self._helper: Helper | None = None
        self._lock = threading.Condition()
        self._runs: set[Run] = set()
        self._options: list[str] = []
        self._environment: dict[str, str] = {}
        self._filter = seccomp.filter_bytes()

    @property
    def spec(self) -> Spec:
        """As it was asked for."""
        return self._spec

    def start(self) -> None:
        """Mounts the disk and makes the cgroup. Idempotent. Raises OperatorError."""
        with self._lock:
            if self._helper is not None and self._helper.alive:
                return
            self.close()
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    def _prepare(self) -> None:
        if self._cgroup is not None:
            self._cgroup.create(self._spec.limits)
        self._prepare_disk()
        self._options = layout.options(self._spec)
        self._environment = layout.environment(self._spec)
        self._helper = self._new_helper()

    def _prepare_disk(self) -> None:
        spec = self._spec
        owner = self._uid if self._uid is not None else os.geteuid()
        spec.work.mkdir(parents=True, exist_ok=True)
        if self._hard_disk:
            disk.mount(spec.work, size_mb=spec.limits.disk_mb, owner=owner, image=spec.disk_image)
            return
        if spec.disk_image is None:
            disk.clear(spec.work)
        if self._root:
            os.chown(spec.work, owner, owner)

    def _new_helper(self) -> Helper:
        limits = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": self._spec.limits.file_mb * _MB}
        if self._cgroup is None:
            limits["RLIMIT_AS"] = self._spec.limits.memory_mb * _MB
        join = None if self._cgroup is None else self._cgroup.add
        return Helper(uid=self._uid, limits=limits, join=join)

    def _own_clock(self) -> float | None:
        return None if self._cgroup is None else self._cgroup.cpu_seconds()

    def _running(self) -> Helper:
        """The helper; a new one when the last was killed. Raises OperatorError before start and after close."""
        if self._helper is None:
            raise OperatorError(f"the sandbox {self._spec.name} is not started")
        if not self._helper.alive:
            self._helper.close()
            self._helper = self._new_helper()
        return self._helper

    def _limit_processes(self, pid: int) -> None:
        """Without a cgroup: must come after the user namespace exists, or it would count all processes of the user."""
        count = self._spec.limits.pids
        with suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_NPROC, (count, count))

    @contextmanager
    def _run(self) -> Iterator[tuple[Run, Helper]]:
        """A run that `kill` and `close` know; its folder is opened again in case the last command has shut it."""
        first = self._limit_processes if self._cgroup is None else None
        run = Run(keep=self._spec.limits.output_kb * 1024, on_first=first)
        with self._lock:
            helper = self._running()
            self._spec.work.chmod(0o700)
            self._runs.add(run)
        try:
            yield run, helper
        finally:
            with self._lock:
                self._runs.discard(run)
                self._lock.notify_all()

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

        `timeout` is in seconds. Raises ResearcherError for a command that is none, and OperatorError where bubblewrap
        itself cannot do its work.
        """
        words = [*self._options, *layout.setenv({**self._environment, **(env or {})})]
        command = Command(_checked(argv), words, self._filter, stdin, streams)
        with self._run() as (run, helper):
            cpu, kills, watch = self._cpu(helper), self._oom_kills(), self._disk_watch()
            ended = run.follow(helper, command, timeout=timeout, watch=watch)
            if self._own_clock() is None:
                run.await_reaped()
            used = max(0.0, self._cpu(helper) - cpu)
            full = ended.killed and watch is not None and watch()
            return self._judge(ended, cpu_seconds=used, oom=self._oom_kills() > kills, full=full)

    def _cpu(self, helper: Helper) -> float:
        seconds = self._own_clock()
        return seconds if seconds is not None else helper.cpu_seconds()

    def used(self) -> float:
        """CPU seconds of its commands since its start; without a cgroup only of those that have ended."""
        own, helper = self._own_clock(), self._helper
        return own if own is not None else helper.cpu_seconds() if helper is not None and helper.alive else 0.0

    def throttled(self) -> int | None:
        """How often the kernel has held its processes back for their cpu limit; None without a cgroup."""
        return self._cgroup.throttled() if self._cgroup is not None else None

    def _oom_kills(self) -> int:
        return self._cgroup.oom_kills() if self._cgroup is not None else 0

    def _disk_watch(self) -> Callable[[], bool] | None:
        """Where the disk is a plain folder: whether it holds more than it may, or more than when already too full."""
        if self._hard_disk:
            return None
        limit = max(self._spec.limits.disk_mb * _MB, disk.used_bytes(self._spec.work))
        return lambda: disk.used_bytes(self._spec.work, stop_at=limit) > limit

    def _judge(self, ended: Ended, *, cpu_seconds: float, oom: bool, full: bool) -> Completed:
        self._blame_host(ended, oom=oom)
        code, stderr = _exit_status(ended), ended.stderr
        status: Literal["ok", "timeout", "oom", "error"] = "ok" if code == 0 else "oom" if oom else "error"
        if full:
            stderr += f"\nkilled: more than {self._spec.limits.disk_mb} MB in /work\n".encode()
        return Completed(
            status="timeout" if ended.timed_out else status,
            returncode=code,
            stdout=ended.stdout,
            stderr=stderr,
            seconds=ended.seconds,
            cpu_seconds=cpu_seconds,
        )

    def _blame_host(self, ended: Ended, *, oom: bool) -> None:
        """Raises OperatorError when the command never began, unless the sandbox's own other commands left no room."""
        message = ended.stderr.decode(errors="replace").strip()
        began = ended.exit_code is not None or ended.killed or oom or message.startswith(_NO_PROGRAM)
        if not began and message.startswith("bwrap:") and not message.endswith(_CROWDED):
            raise OperatorError(f"bubblewrap could not start: {message.splitlines()[-1]}")

    def put(self, path: str, data: bytes) -> None:
        """Writes a file under /work (`path` relative), never through a link. Raises ResearcherError."""
        if len(data) > self._spec.limits.file_mb * _MB:
            raise ResearcherError(f"a file may have {self._spec.limits.file_mb} MB", code="malformed")
        reader.write_file(self._spec.work, path, data, owner=self._uid)

    def get(self, path: str, *, max_bytes: int) -> bytes:
        """Reads a regular file under /work with the careful reader. Raises ResearcherError."""
        return reader.read_file(self._spec.work, path, max_bytes=max_bytes)

    def kill(self) -> None:
        """Kills everything inside, at once."""
        with self._lock:
            for run in self._runs:
                run.kill()

    def close(self) -> None:
        """Kills, unmounts and removes what start made; the disk image stays."""
        with self._lock:
            helper, self._helper = self._helper, None
            self.kill()
            if helper is not None:
                helper.close()
            if not self._lock.wait_for(lambda: not self._runs, timeout=_CLOSE_SECONDS):
                raise OperatorError(f"the sandbox {self._spec.name} does not end")
            if self._cgroup is not None:
                self._cgroup.remove()
            if self._hard_disk:
                disk.unmount(self._spec.work)
            elif self._spec.disk_image is None and helper is not None:
                disk.clear(self._spec.work)

    def __enter__(self) -> "BubblewrapSandbox":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Bubblewrap:
    """Makes bubblewrap sandboxes (see protocol.SandboxBackend)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._described: Enforcement | None = None

    @cached_property
    def hierarchies(self) -> cgroup.Hierarchies | None:
        """Where cgroups can be made on this host, if anywhere."""
        return cgroup.detect()

    @cached_property
    def hard_disk(self) -> bool:
        """Whether /work can be a file system of its own."""
        return os.geteuid() == 0 and disk.usable()

    def describe(self) -> Enforcement:
        """What holds on this host, found by starting a sandbox and attacking it from inside; once an object."""
        from aarlab.sandbox.probe import probe

        with self._lock:
            if self._described is None:
                self._described = probe(self)
            return self._described

    def create(self, spec: Spec) -> BubblewrapSandbox:
        """A sandbox that is not yet started.

        Raises ValueError for a name that cannot name a cgroup, and OperatorError for a uid that we cannot become.
        """
        if not _NAME.fullmatch(spec.name):
            raise ValueError(f"a sandbox's name is letters, digits, '.', '_' and '-': {spec.name!r}")
        if spec.uid == 0 or (os.geteuid() != 0 and spec.uid not in (None, os.geteuid())):
            raise OperatorError(f"a sandbox cannot run as uid {spec.uid}: only root can choose, and not root itself")
        return BubblewrapSandbox(spec, self.hierarchies, hard_disk=self.hard_disk)
