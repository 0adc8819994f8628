"""The process that starts a sandbox's commands: small, alone, already inside the cgroup and already the sandbox's user.

Run as a script with the number of a socket. Joining a cgroup makes the kernel wait 15 ms, forking a large server takes
long, and code between fork and exec is not safe in a server with threads; here all three are paid once a sandbox. It
imports nothing of aarlab.

First message: {"uid", "limits"}; answered "ready". Each further one: argv, with the descriptors 0 to 6 of the
command.
"""

import ctypes
import json
import os
import resource
import signal
import socket
import sys
from array import array
from fcntl import F_DUPFD_CLOEXEC, fcntl

_FDS = 7
_HIGH = 32
_MESSAGE = 1 << 20
_ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
_DEFAULTS = [signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ]


def _reap(*_: object) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _adopt_orphans() -> None:
    """Makes the first process of a sandbox our child once bubblewrap has gone.

    So its CPU time is found in /proc, and `end` finds it even when bubblewrap dies before it has tied the two together.
    """
    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _children() -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stream:
                fields = stream.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.append(int(name))
    return found


def end() -> None:
    """Kills all that is below us, until nothing is: who dies hands his children to us."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while children := _children():
        for child in children:
            os.kill(child, signal.SIGKILL)
        for _ in children:
            os.wait()


def settle(order: dict[str, object]) -> None:
    """Takes on the sandbox's limits and user for good; first in line when the host runs out of memory."""
    with open("/proc/self/oom_score_adj", "w") as stream:
        stream.write("500")
    limits, uid = order["limits"], order["uid"]
    assert isinstance(limits, dict)
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, name), (value, value))
    if isinstance(uid, int):
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    signal.signal(signal.SIGCHLD, _reap)
    _adopt_orphans()


def launch(argv: list[str], descriptors: list[int]) -> None:
    """Starts one command; when that fails its stderr says why, and its status pipe ends without a word."""
    high = [fcntl(descriptor, F_DUPFD_CLOEXEC, _HIGH) for descriptor in descriptors]
    actions = [(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(high)]
    try:
        os.posix_spawnp(argv[0], argv, _ENVIRONMENT, file_actions=actions, setsigdef=_DEFAULTS)
    except OSError as error:
        os.write(high[2], f"bwrap: cannot start: {error.strerror}\n".encode())
    finally:
        for descriptor in (*descriptors, *high):
            os.close(descriptor)


def receive(channel: socket.socket) -> tuple[list[str], list[int]]:
    """The next command, or nothing at the end.

    Not socket.recv_fds: before Python 3.12 it drops the flag that closes on exec.
    """
    space = socket.CMSG_SPACE(_FDS * array("i").itemsize)
    message, ancillary, _, _ = channel.recvmsg(_MESSAGE, space, socket.MSG_CMSG_CLOEXEC)
    descriptors = array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data)
    return (json.loads(message) if message else []), list(descriptors)


def main() -> None:
    """Serves until the other end of the socket is gone; then ends all that it started, and itself."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        channel.set_inheritable(False)
        settle(json.loads(channel.recv(_MESSAGE)))
        channel.send(b"ready")
        while True:
            argv, descriptors = receive(channel)
            if not argv:
                return end()
            launch(argv, descriptors)


main()
