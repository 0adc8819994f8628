"""Starting one command through a sandbox's helper and following it to the end of its last process.

Whether a sandbox is empty is not guessed from names or groups: bubblewrap reports the first process of the new pid
namespace, we hold a pidfd of it before the command may begin, and the kernel reports its end only after every other
process in the namespace has ended.
"""

import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from aarlab.errors import OperatorError
from aarlab.sandbox.protocol import Streams

_HELPER = Path(__file__).with_name("_helper.py")
_GRACE = 10.0
_TICK = 0.5
_CHUNK = 1 << 16
_PIPE_CHUNKS = 17
_BWRAP = ["bwrap", "--seccomp", "3", "--block-fd", "4", "--json-status-fd", "5", "--args", "6", "--"]
_SEALS = fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class Helper:
    """Our end of a sandbox's helper process (see _helper.py)."""

    def __init__(self, *, uid: int | None, limits: Mapping[str, int], join: Callable[[int], None] | None) -> None:
        """`join` puts the process into a cgroup. Raises OperatorError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel, self._lock = ours, threading.Lock()
        with theirs:
            argv = [sys.executable, "-I", "-S", str(_HELPER), str(theirs.fileno())]
            self._process = subprocess.Popen(
                argv, cwd="/", env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
            )
        try:
            if join is not None:
                join(self._process.pid)
            self._greet({"uid": uid, "limits": dict(limits)})
        except BaseException:
            self.close()
            raise

    def _greet(self, order: Mapping[str, object]) -> None:
        self._channel.settimeout(_GRACE)
        try:
            self._channel.send(json.dumps(order).encode())
            answer = self._channel.recv(16)
        except OSError:
            answer = b""
        if answer != b"ready":
            raise OperatorError("the sandbox's helper process did not start; its message is on stderr")

    @property
    def alive(self) -> bool:
        """Whether it can take commands."""
        return self._process.poll() is None

    def send(self, argv: Sequence[str], descriptors: Sequence[int]) -> None:
        """Hands over one command with its descriptors 0 to 6. Raises OperatorError when the helper is gone."""
        message = json.dumps(list(argv)).encode()
        try:
            with self._lock:
                socket.send_fds(self._channel, [message], list(descriptors))
        except OSError as error:
            raise OperatorError(f"the sandbox's helper takes no command: {error.strerror}") from None

    def cpu_seconds(self) -> float:
        """User and system time of all commands that have ended, in steps of the kernel's clock tick (10 ms)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends it and all that it started: it does so by itself when our end is gone, also when we are killed."""
        self._channel.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True)
class Command:
    """What bubblewrap shall run, and in what."""

    argv: Sequence[str]
    """The command inside."""
    options: Sequence[str]
    """Bubblewrap's own; a process inside cannot read them."""
    seccomp: bytes
    """The system-call filter."""
    stdin: bytes = b""
    """The command's input."""
    streams: Streams | None = None
    """Its standard streams instead, of which nothing is kept."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, before anybody judges it."""

    exit_code: int | None
    """As bubblewrap says it (128 + n for a signal); None when the command never began or bubblewrap was killed."""
    stdout: bytes
    """What was kept."""
    stderr: bytes
    """What was kept."""
    seconds: float
    """Wall time."""
    timed_out: bool
    """Whether the time was over."""
    killed: bool
    """Whether we ended it, for the time or for anything else."""


def _memfd(data: bytes) -> int:
    """`data` as a file that can be read from its beginning and changed by nobody."""
    descriptor = os.memfd_create("aarlab", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(data)
    fcntl.fcntl(descriptor, *_SEALS)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _gate() -> tuple[int, int]:
    """A pipe whose reader is a writer too, so that it never ends: if we die first, the command does not run."""
    reader, gate = os.pipe2(os.O_CLOEXEC)
    try:
        return os.open(f"/proc/self/fd/{reader}", os.O_RDWR | os.O_CLOEXEC), gate
    finally:
        os.close(reader)


class _Pipe:
    """A pipe from the sandbox: the first `keep` bytes are kept, all are taken."""

    def __init__(self, keep: int) -> None:
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.reader, False)
        self.data, self._keep, self.open = bytearray(), keep, True

    def take(self) -> None:
        """Reads once; not until nothing is there, or a flood would keep us from looking at the clock."""
        with suppress(BlockingIOError):
            chunk = os.read(self.reader, _CHUNK)
            self.data += chunk[: self._keep - len(self.data)]
            self.open = bool(chunk)


class Run:
    """One command in a sandbox. `kill` may be called from any thread; the rest belongs to the one that made it."""

    def __init__(self, *, keep: int, on_first: Callable[[int], None] | None = None) -> None:
        """`keep`: bytes kept of stdout and of stderr.

        `on_first` sees the host's pid of the first process before that may do anything.
        """
        self._stack, self._lock = ExitStack(), threading.Lock()
        self._out, self._err, self._status = _Pipe(keep), _Pipe(keep), _Pipe(1 << 16)
        for pipe in (self._out, self._err, self._status):
            self._stack.callback(os.close, pipe.reader)
        self._pidfd, self._killed, self._over, self._on_first = -1, False, False, on_first
        self._first: int | None = None

    def kill(self) -> None:
        """Ends every process of the command, at once or as soon as there is one."""
        with self._lock:
            self._killed = True
            if self._pidfd >= 0:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def follow(
        self, helper: Helper, command: Command, *, timeout: float, watch: Callable[[], bool] | None = None
    ) -> Ended:
        """Starts `command` and returns when nothing of it is left. `watch` answers True to have it killed.

        Raises OperatorError when the host does not do its part; then the helper and all that it started is ended.
        """
        began = time.monotonic()
        with self._stack:
            try:
                gate = self._send(helper, command)
                self._await_first(began + timeout, gate)
                self._collect(began + timeout, watch)
            except BaseException:
                helper.close()
                raise
        return Ended(
            self._exit_code(),
            bytes(self._out.data),
            bytes(self._err.data),
            time.monotonic() - began,
            self._over,
            self._killed,
        )

    def _send(self, helper: Helper, command: Command) -> int:
        """Returns the writing end of the gate behind which the command waits."""
        gate_reader, gate = _gate()
        self._stack.callback(os.close, gate)
        with ExitStack() as theirs:
            kept = [_memfd(command.stdin), self._out.writer, self._err.writer]
            inner = [_memfd(command.seccomp), gate_reader, self._status.writer]
            inner.append(_memfd("\0".join(command.options).encode() + b"\0"))
            for descriptor in (*kept, *inner):
                theirs.callback(os.close, descriptor)
            helper.send([*_BWRAP, *command.argv], [*(command.streams or kept), *inner])
        return gate

    def _first_pid(self) -> int | None:
        """Bubblewrap writes its first document in pieces over several lines."""
        text = self._status.data.decode()
        return int(json.loads(text[: text.index("}") + 1])["child-pid"]) if "}" in text else None

    def _exit_code(self) -> int | None:
        text = self._status.data.decode()
        last = text[text.rfind("{") :]
        return json.loads(last).get("exit-code") if last.rstrip().endswith("}") else None

    def _await_first(self, deadline: float, gate: int) -> None:
        """Waits until bubblewrap has made the namespaces, takes hold of the first process, and opens the gate."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._status.reader, selectors.EVENT_READ)
            while self._status.open and self._first_pid() is None:
                if not selector.select(max(0.0, deadline + _GRACE - time.monotonic())):
                    raise OperatorError("bubblewrap does not answer")
                self._status.take()
        pid = self._first_pid()
        if pid is None:
            return
        self._first = pid
        if self._on_first is not None:
            self._on_first(pid)
        with self._lock, suppress(ProcessLookupError):
            self._pidfd = os.pidfd_open(pid)
            self._stack.callback(self._forget)
        if self._killed:
            self.kill()
        with suppress(BrokenPipeError):
            os.write(gate, b"g")

    def await_reaped(self) -> None:
        """Waits until the helper has taken the first process's end, and with it its CPU time."""
        deadline = time.monotonic() + _TICK
        while self._first is not None and time.monotonic() < deadline and Path(f"/proc/{self._first}").exists():
            time.sleep(0.001)

    def _forget(self) -> None:
        with self._lock:
            os.close(self._pidfd)
            self._pidfd = -1

    def _collect(self, deadline: float, watch: Callable[[], bool] | None) -> None:
        with selectors.DefaultSelector() as selector:
            for pipe in (self._out, self._err, self._status):
                selector.register(pipe.reader, selectors.EVENT_READ, pipe)
            if self._pidfd >= 0:
                selector.register(self._pidfd, selectors.EVENT_READ)
            self._loop(selector, deadline, watch)
        for pipe in (self._out, self._err):
            for _ in range(_PIPE_CHUNKS):
                pipe.take()

    def _loop(self, selector: selectors.BaseSelector, deadline: float, watch: Callable[[], bool] | None) -> None:
        """Until the first process has ended (and so all) and bubblewrap has said its last word."""
        limit, inside = deadline, self._pidfd >= 0
        while inside or self._status.open:
            now = time.monotonic()
            if now >= limit:
                if self._killed:
                    raise OperatorError("a sandbox does not die")
                self._over = True
            if (self._over or (watch is not None and watch())) and not self._killed:
                self.kill()
            limit = now + _GRACE if self._killed and limit == deadline else limit
            for key, _ in selector.select(max(0.0, min(limit - now, _TICK))):
                if key.data is None:
                    inside = False
                    selector.unregister(key.fileobj)
                else:
                    self._take(selector, key.data)

    @staticmethod
    def _take(selector: selectors.BaseSelector, pipe: _Pipe) -> None:
        pipe.take()
        if not pipe.open:
            selector.unregister(pipe.reader)
