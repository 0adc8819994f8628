"""What attacks on the host do once they run inside. A script of its own: imports nothing of aarlab.

Usage: python _bombs.py NAME < JSON. Prints lines of JSON while it gets on; the last one counts, also when it is killed.
Every attack ends at the cap that it is given, and undoes what it has done.
"""

import contextlib
import ctypes
import json
import os
import platform
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Order = Mapping[str, Any]
_SHARE_MB = 16
_X86 = platform.machine() == "x86_64"
_UNSHARE = 272 if _X86 else 97
_NAMESPACES = {"user": 0x10000000, "mount": 0x00020000, "network": 0x40000000, "processes": 0x20000000}
_LARGEST_FILE = 4 << 20


def say(got: object) -> None:
    """How far it has come."""
    sys.stdout.write(json.dumps(got) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def held() -> Iterator[tuple[list[int], int, int]]:
    """Children that live until the end of the block: their pids, what they wait for, and where they report."""
    gate, release = os.pipe()
    ready, report = os.pipe()
    children: list[int] = []
    try:
        yield children, gate, report
    finally:
        for pid in children:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)
        for descriptor in (gate, release, ready, report):
            os.close(descriptor)


def processes(order: Order) -> None:
    """Processes at once, at most order["cap"]."""
    with held() as (children, gate, _), contextlib.suppress(OSError):
        while len(children) < order["cap"]:
            pid = os.fork()
            if pid == 0:
                os.read(gate, 1)
                os._exit(0)
            children.append(pid)
            say(len(children))


def memory(order: Order) -> None:
    """Megabytes held at once by several processes, at most order["cap"]."""
    done, report = os.pipe()
    with held() as (children, gate, _), contextlib.suppress(OSError):
        while len(children) * _SHARE_MB < order["cap"]:
            pid = os.fork()
            if pid == 0:
                _hold(gate, report)
            children.append(pid)
            if not _took(done, children):
                return
            say(len(children) * _SHARE_MB)


def _hold(gate: int, report: int) -> None:
    with contextlib.suppress(MemoryError):
        block = bytearray(_SHARE_MB << 20)
        block[::4096] = b"x" * len(block[::4096])
        os.write(report, b"x")
        os.read(gate, 1)
    os._exit(0)


def _took(done: int, children: list[int]) -> bool:
    """Whether the youngest child has its memory and all others have theirs still."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        told = bool(select.select([done], [], [], 0.02)[0])
        if any(os.waitpid(pid, os.WNOHANG)[0] for pid in children):
            return False
        if told:
            os.read(done, 1)
            return True
    return False


def one_file(order: Order) -> None:
    """Megabytes in one file, at most order["cap"]."""
    path = os.path.join(order["folder"], "fill")
    try:
        with open(path, "wb", buffering=0) as stream:
            for number in range(order["cap"]):
                if stream.write(b"\1" * (1 << 20)) < 1 << 20:
                    break
                say(number + 1)
    except OSError:
        pass
    finally:
        os.unlink(path)


def many_files(order: Order) -> None:
    """Megabytes in files of 64 kB, at most order["cap"]."""
    made: list[str] = []
    try:
        while len(made) < order["cap"] * 16:
            path = os.path.join(order["folder"], f"fill{len(made)}")
            with open(path, "wb", buffering=0) as stream:
                made.append(path)
                if stream.write(b"\1" * 65536) < 65536:
                    break
            say(len(made) / 16)
    except OSError:
        pass
    finally:
        for path in made:
            os.unlink(path)


def cpu(order: Order) -> None:
    """Cores used by order["workers"] processes over order["seconds"]."""
    began = time.monotonic()
    children = []
    for _ in range(order["workers"]):
        pid = os.fork()
        if pid == 0:
            while time.monotonic() - began < order["seconds"]:
                pass
            os._exit(0)
        children.append(pid)
    used = 0.0
    for pid in children:
        usage = os.wait4(pid, 0)[2]
        used += usage.ru_utime + usage.ru_stime
    say(used / (time.monotonic() - began))


def network(order: Order) -> None:
    """Ways out that were open: a listener of the host, its abstract socket, a route, a socket to the hypervisor."""
    ways: dict[str, Callable[[], None]] = {
        "loopback": lambda: _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", order["port"])),
        "abstract socket": lambda: _connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + order["abstract"]),
        "internet route": lambda: _connect(socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 9)),
        "vsock": lambda: socket.socket(40, socket.SOCK_STREAM).close(),
    }
    open_ways = []
    for name, way in ways.items():
        with contextlib.suppress(OSError):
            way()
            open_ways.append(name)
    say(open_ways)


def _connect(family: int, kind: int, address: Any) -> None:
    with socket.socket(family, kind) as line:
        line.settimeout(1)
        line.connect(address)


def sockets(order: Order) -> None:
    """Which of order["paths"] let us in."""
    open_ways = []
    for path in order["paths"]:
        with contextlib.suppress(OSError):
            _connect(socket.AF_UNIX, socket.SOCK_STREAM, path)
            open_ways.append(path)
    say(open_ways)


def kill(order: Order) -> None:
    """Kills by number, and whatever has order["token"] on its command line. How many signals were delivered."""
    pids = {int(pid) for pid in order["pids"]}
    for pid in _all_pids():
        if order["token"].encode() in _read(f"/proc/{pid}/cmdline"):
            pids.add(pid)
    delivered = 0
    for pid in sorted(pids - {os.getpid(), os.getppid(), 1}):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            delivered += 1
    say(delivered)


def namespaces(_: Order) -> None:
    """Namespaces of one's own, with the rights that they give."""
    libc = ctypes.CDLL(None, use_errno=True)
    made = []
    for name, flag in _NAMESPACES.items():
        pid = os.fork()
        if pid == 0:
            os._exit(int(libc.syscall(ctypes.c_long(_UNSHARE), ctypes.c_long(flag | _NAMESPACES["user"])) != 0))
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
            made.append(name)
    say(made)


def search(order: Order) -> None:
    """Places where one of order["secrets"] (name -> text in Latin-1) can be read: guessed paths, folders, /proc."""
    wanted = {name: text.encode("latin-1") for name, text in order["secrets"].items()}
    found = [f"the way to {os.path.basename(path)}" for path in order["paths"] if os.path.exists(path)]
    say(found)
    for path in _places(order):
        data = _read(path)
        if fresh := [f"{name} in {path}" for name, secret in wanted.items() if secret in data]:
            found += fresh
            say(found)


def _places(order: Order) -> Iterator[str]:
    guesses = order["paths"]
    yield from guesses
    yield from (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd") if int(name) > 2)
    yield "/proc/self/environ"
    if order["processes"]:
        for pid in _all_pids():
            if pid != os.getpid():
                yield from (f"/proc/{pid}/environ", f"/proc/{pid}/cmdline")
                yield from (f"/proc/{pid}/{way}{path}" for way in ("root", "cwd") for path in guesses)
    for top in order["folders"]:
        for folder, _, names in os.walk(top):
            yield from (os.path.join(folder, name) for name in names)


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(path: str) -> bytes:
    """The file, if it is one and not too large; b"" for all else."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return os.read(descriptor, _LARGEST_FILE)
        finally:
            os.close(descriptor)
    return b""


if __name__ == "__main__":
    globals()[sys.argv[1]](json.load(sys.stdin))
