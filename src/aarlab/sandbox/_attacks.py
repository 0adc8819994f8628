"""What the self-probe tries from inside a sandbox. Runs there as a script of its own: imports nothing of aarlab.

Usage: python _attacks.py NAME < JSON. Prints a JSON object: what was tried -> whether it was refused.
"""

import contextlib
import ctypes
import errno
import json
import os
import platform
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping

Target = Mapping[str, str | int]
_libc = ctypes.CDLL(None, use_errno=True)
_X86 = platform.machine() == "x86_64"
_CALLS = {
    "ptrace": 101 if _X86 else 117,
    "unshare": 272 if _X86 else 97,
    "bpf": 321 if _X86 else 280,
    "keyctl": 250 if _X86 else 219,
    "userfaultfd": 323 if _X86 else 282,
    "perf_event_open": 298 if _X86 else 241,
    "io_uring_setup": 425,
    "mount": 165 if _X86 else 40,
    "setns": 308 if _X86 else 268,
    "process_vm_readv": 310 if _X86 else 270,
}
_NEW_USER = 0x10000000


def _refused(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError:
        return True
    return False


def _call(name: str, *arguments: int) -> bool:
    ctypes.set_errno(0)
    result = _libc.syscall(ctypes.c_long(_CALLS[name]), *(ctypes.c_long(argument) for argument in arguments))
    return result == -1 and ctypes.get_errno() == errno.EPERM


def _status(name: str) -> str:
    with open("/proc/self/status") as stream:
        return next((line.split(":", 1)[1].strip() for line in stream if line.startswith(name + ":")), "")


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _command(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _through_proc(secret: str) -> bool:
    """Whether no process's root or folder leads to the planted file."""
    ways = [f"/proc/{pid}/{way}{secret}" for pid in _processes() for way in ("root", "cwd")]
    return not any(os.path.exists(way) for way in ways)


def _no_foreign_descriptors() -> bool:
    return {int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")} <= {0, 1, 2}


def files(target: Target) -> dict[str, bool]:
    """Reading what is the lab's, writing what is shared."""
    secret = str(target["secret"])
    return {
        "a planted file by its path": _refused(lambda: open(secret).close()),
        "a planted file through /proc": _through_proc(secret),
        "inherited descriptors": _no_foreign_descriptors(),
        "writing /data": _refused(lambda: open("/data/x", "w").close()),
        "writing /opt/aarlab": _refused(lambda: open("/opt/aarlab/x", "w").close()),
        "writing /usr/bin": _refused(lambda: open("/usr/bin/x", "w").close()),
        "writing /": _refused(lambda: open("/x", "w").close()),
        "mounting": _call("mount", 0, 0, 0, 0, 0),
    }


def _socket_refused(family: int, kind: int) -> bool:
    return _refused(lambda: socket.socket(family, kind).close())


def _connect_refused(family: int, address: tuple[str, int] | str, *, kind: int = socket.SOCK_STREAM) -> bool:
    with socket.socket(family, kind) as sock:
        sock.settimeout(0.5)
        return _refused(lambda: sock.connect(address))


def network(target: Target) -> dict[str, bool]:
    """Reaching a listener of the host's, the internet's routes, and families that leave a network namespace."""
    return {
        "loopback TCP of the host": _connect_refused(socket.AF_INET, ("127.0.0.1", int(target["port"]))),
        "an abstract socket of the host": _connect_refused(socket.AF_UNIX, f"\0{target['token']}"),
        "a route to the internet": _connect_refused(socket.AF_INET, ("192.0.2.1", 9), kind=socket.SOCK_DGRAM),
        "vsock": _socket_refused(40, socket.SOCK_STREAM),
        "netlink": _socket_refused(16, socket.SOCK_RAW),
        "packet": _socket_refused(17, socket.SOCK_RAW),
        "raw": _socket_refused(socket.AF_INET, socket.SOCK_RAW),
    }


def processes(target: Target) -> dict[str, bool]:
    """Seeing processes of the host, or their memory."""
    token = str(target["token"]).encode()
    return {
        "seeing a process of the host": not any(token in _command(pid) for pid in _processes() if pid != os.getpid()),
        "few processes in /proc": len(_processes()) <= 4,
        "tracing": _call("ptrace", 16, 1, 0, 0),
        "reading memory of others": _call("process_vm_readv", 1, 0, 0, 0, 0, 0),
        "joining namespaces": _call("setns", 0, 0),
    }


def syscalls(_: Target) -> dict[str, bool]:
    """The filter and the privileges."""
    names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    return {
        "a filter is on": _status("Seccomp") == "2",
        "no new privileges": _status("NoNewPrivs") == "1",
        "no capabilities": all(int(_status(name), 16) == 0 for name in names),
        "nested user namespaces": _call("unshare", _NEW_USER),
        **{
            name: _call(name, 0, 0, 0, 0, 0)
            for name in ("bpf", "keyctl", "userfaultfd", "perf_event_open", "io_uring_setup")
        },
    }


def uid(_: Target) -> dict[str, bool]:
    """Who we are is seen outside, by the owner of what we write."""
    with open("/work/mine", "w"):
        return {"writing /work": True}


def basics(target: Target) -> dict[str, dict[str, bool]]:
    """All that needs no load."""
    parts = (files, network, processes, syscalls, uid)
    return {part.__name__: part(target) for part in parts}


def pids(target: Target) -> dict[str, bool]:
    """More processes than allowed, all alive at once."""
    gate, release = os.pipe()
    started: list[int] = []
    with contextlib.suppress(OSError):
        while len(started) < int(target["pids"]) * 4:
            pid = os.fork()
            if pid == 0:
                os.close(release)
                os.read(gate, 1)
                os._exit(0)
            started.append(pid)
    os.close(release)
    for pid in started:
        os.waitpid(pid, 0)
    return {"more processes than allowed": len(started) <= int(target["pids"]) + 4}


def memory(target: Target) -> dict[str, bool]:
    """More memory than allowed, spread over many processes that are alive at once; the survivors say so."""
    share = int(target["memory_mb"]) // 2 << 20
    gate, release = os.pipe()
    done, report = os.pipe()
    os.set_blocking(done, False)
    pids = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            os.close(release)
            with contextlib.suppress(MemoryError):
                block = bytearray(share)
                block[::4096] = b"x" * len(block[::4096])
                os.write(report, b"x")
                os.read(gate, 1)
            os._exit(0)
        pids.append(pid)
    os.close(report)
    alive = _until_settled(pids, done)
    os.close(release)
    return {"more memory than allowed in many processes": alive < 4}


def _until_settled(pids: list[int], done: int) -> int:
    """Waits until each child has its memory or is dead; how many have it."""
    reported, dead, deadline = 0, 0, time.monotonic() + 1.0
    while reported + dead < len(pids) and time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            reported += len(os.read(done, 16))
        with contextlib.suppress(ChildProcessError):
            dead += os.waitpid(-1, os.WNOHANG)[0] != 0
        time.sleep(0.001)
    return reported if dead == 0 else reported - dead


def disk(target: Target) -> dict[str, bool]:
    """More bytes in many small files than the disk has."""
    written, limit = 0, int(target["disk_mb"]) << 20
    try:
        while written <= limit * 2:
            with open(f"/work/fill{written}", "wb") as stream:
                stream.write(b"\1" * 65536)
            written += 65536
    except OSError:
        pass
    return {"more bytes than the disk has in many files": written <= limit}


def daemon(target: Target) -> dict[str, bool]:
    """Leaves a process behind that tries to survive; whether it did is seen outside."""
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.execv("/bin/sleep", ["sleep", str(target["nap"])])
    return {}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(globals()[sys.argv[1]](json.load(sys.stdin))))
