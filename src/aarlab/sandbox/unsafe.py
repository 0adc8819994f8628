"""No isolation: commands run as plain processes.

For development on hosts without namespaces; results under it never rank. Only accidents are caught: limits for each
process, a time limit, a process group. Commands name the folders of a real sandbox (/work, /data, /method, /sock,
/opt/aarlab); here these prefixes are replaced in the arguments by the host's, which are also in the environment as
AARLAB_WORK, AARLAB_DATA and so on.
"""

import os
import re
import resource
import select
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from aarlab.errors import OperatorError
from aarlab.sandbox import reader
from aarlab.sandbox.layout import DEFAULT_UID
from aarlab.sandbox.layout import threads as layout_threads
from aarlab.sandbox.protocol import Completed, Enforcement, Spec, Streams
from aarlab.sandbox.runtime import host_environment

PROPERTIES = ("files", "network", "processes", "syscalls", "memory", "cpu", "pids", "disk", "uid")
_WHY = "unsafe-local isolates nothing: apt-get install bubblewrap and leave sandbox.backend at auto"
_MB = 1 << 20
_GATE = 'cd "$1" && ulimit -c 0 && ulimit -f "$2" && ulimit -v "$3" && shift 3 && exec "$@"'


class UnsafeSandbox:
    """A folder and plain processes (see protocol.Sandbox)."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._started = False
        self._used = 0.0
        chosen = spec.uid if spec.uid is not None else DEFAULT_UID
        self._uid = chosen if os.geteuid() == 0 else None

    def _folders(self) -> dict[str, Path]:
        spec = self._spec
        wanted = {
            "/opt/aarlab": spec.runtime.root,
            "/work": spec.work,
            "/data": spec.data,
            "/method": spec.method,
            "/sock": spec.sock,
            **spec.runtime.folders,
            **spec.shelves,
        }
        return {inside: folder for inside, folder in wanted.items() if folder is not None}

    def _translated(self, word: str) -> str:
        for inside, folder in self._folders().items():
            host = str(folder).replace("\\", r"\\")
            word = re.sub(rf"(^|[=:,]){inside}(?=$|[/:,])", rf"\g<1>{host}", word)
        return word

    @property
    def spec(self) -> Spec:
        """As it was asked for."""
        return self._spec

    def start(self) -> None:
        """Makes the folder. Idempotent."""
        self._spec.work.mkdir(parents=True, exist_ok=True)
        if self._uid is not None:
            os.chown(self._spec.work, self._uid, self._uid)
        self._started = True

    def _environment(self, env: Mapping[str, str] | None) -> dict[str, str]:
        root = self._spec.runtime.root
        names = {f"AARLAB_{inside.split('/')[-1].upper()}": str(folder) for inside, folder in self._folders().items()}
        base = {"PATH": f"{root}/bin:/usr/bin:/bin", "HOME": str(self._spec.work), "PYTHONDONTWRITEBYTECODE": "1"}
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        own = layout_threads(self._spec)
        return {**base, **threads, **own, **host_environment(root), **names, **(env or {})}

    def _command(self, argv: Sequence[str]) -> list[str]:
        limits = self._spec.limits
        gate = [
            "/bin/sh",
            "-c",
            _GATE,
            "sh",
            str(self._spec.work),
            str(limits.file_mb * 2048),
            str(limits.memory_mb * 1024),
        ]
        drop = (
            [] if self._uid is None else ["setpriv", f"--reuid={self._uid}", f"--regid={self._uid}", "--clear-groups"]
        )
        return [*gate, *drop, *(self._translated(word) for word in argv)]

    def exec(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        streams: Streams | None = None,
    ) -> Completed:
        """Runs a command with /work as its folder; what leaves its process group on purpose survives it."""
        if not self._started:
            raise OperatorError(f"the sandbox {self._spec.name} is not started")
        with ExitStack() as stack:
            given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            given.write(stdin)
            given.seek(0)
            began = time.monotonic()
            kept = (given.fileno(), out.fileno(), err.fileno())
            pid = self._spawn(argv, streams or kept, env)
            timed_out = not self._wait(pid, timeout)
            code, usage = self._reap(pid)
            self._used += usage.ru_utime + usage.ru_stime
            return Completed(
                status="timeout" if timed_out else "ok" if code == 0 else "error",
                returncode=code,
                stdout=self._kept(out),
                stderr=self._kept(err),
                seconds=time.monotonic() - began,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
            )

    def used(self) -> float:
        """CPU seconds of the commands that have ended."""
        return self._used

    def _spawn(self, argv: Sequence[str], streams: Streams, env: Mapping[str, str] | None) -> int:
        actions = [(os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)]
        defaults = [signal.SIGPIPE, signal.SIGXFSZ]
        command = self._command(argv)
        with self._lock:
            pid = os.posix_spawn(
                command[0], command, self._environment(env), file_actions=actions, setpgroup=0, setsigdef=defaults
            )
            self._groups.add(pid)
        return pid

    def _wait(self, pid: int, timeout: float) -> bool:
        descriptor = os.pidfd_open(pid)
        try:
            return bool(select.select([descriptor], [], [], timeout)[0])
        finally:
            os.close(descriptor)

    def _reap(self, pid: int) -> tuple[int, resource.struct_rusage]:
        with self._lock:
            self._groups.discard(pid)
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        return os.waitstatus_to_exitcode(status), usage

    def _kept(self, stream: BinaryIO) -> bytes:
        stream.seek(0)
        return stream.read(self._spec.limits.output_kb * 1024)

    def put(self, path: str, data: bytes) -> None:
        """Writes a file under /work (`path` relative), never through a link. Raises ResearcherError."""
        reader.write_file(self._spec.work, path, data, owner=self._uid)

    def get(self, path: str, *, max_bytes: int) -> bytes:
        """Reads a regular file under /work with the careful reader. Raises ResearcherError."""
        return reader.read_file(self._spec.work, path, max_bytes=max_bytes)

    def kill(self) -> None:
        """Kills the process groups of all running commands."""
        with self._lock:
            for group in self._groups:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)

    def close(self) -> None:
        """Kills; without a disk of its own (`disk_image`) the folder's content is thrown away."""
        self.kill()
        if self._started and self._spec.disk_image is None:
            shutil.rmtree(self._spec.work, ignore_errors=True)
        self._started = False

    def __enter__(self) -> "UnsafeSandbox":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class UnsafeLocal:
    """Makes sandboxes that are none (see protocol.SandboxBackend)."""

    def describe(self) -> Enforcement:
        """Nothing is enforced."""
        return Enforcement(backend="unsafe-local", enforced=(), missing=dict.fromkeys(PROPERTIES, _WHY))

    def create(self, spec: Spec) -> UnsafeSandbox:
        """A sandbox that is not yet started."""
        return UnsafeSandbox(spec)
