"""What a researcher may try from inside a sandbox, against planted targets of the lab: everything must be refused."""

import json
import os
import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aarlab.sandbox.bubblewrap import BubblewrapSandbox

HEAD = """
import ctypes, errno, json, os, platform, socket, sys
T = json.load(sys.stdin)
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
def call(x86, arm, *args):
    ctypes.set_errno(0)
    return libc.syscall(ctypes.c_long(x86 if X86 else arm), *[ctypes.c_long(a) for a in args]), ctypes.get_errno()
def denied(x86, arm, *args):
    return call(x86, arm, *args) == (-1, errno.EPERM)
def fails(action):
    try:
        action()
    except OSError:
        return True
    return False
def connects(family, kind, address):
    with socket.socket(family, kind) as s:
        s.settimeout(1)
        s.connect(address)
"""

ATTACKS = {
    "labels by path": "not os.path.exists(T['labels']) and fails(lambda: open(T['labels']))",
    "labels through /proc": "not any(os.path.exists(f'/proc/{p}/{w}' + T['labels']) for p in os.listdir('/proc') "
    "if p.isdigit() for w in ('root', 'cwd'))",
    "labels through descriptors of others": "not any('labels' in os.readlink(f'/proc/{p}/fd/{d}') "
    "for p in os.listdir('/proc') if p.isdigit() and os.access(f'/proc/{p}/fd', os.R_OK) "
    "for d in os.listdir(f'/proc/{p}/fd') if os.path.islink(f'/proc/{p}/fd/{d}'))",
    "inherited descriptors": "[d for d in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{d}')] == "
    "['0', '1', '2']",
    "host /tmp and /dev/shm": "os.listdir('/tmp') == [] and os.listdir('/dev/shm') == []",
    "another researcher's files": "fails(lambda: os.listdir(T['other']))",
    "another researcher's socket": "fails(lambda: connects(1, 1, T['socket']))",
    "the host's environment": "T['secret'] not in json.dumps(dict(os.environ)) and not any(T['secret'].encode() in "
    "open(f'/proc/{p}/environ', 'rb').read() for p in os.listdir('/proc') if p.isdigit() and "
    "os.access(f'/proc/{p}/environ', os.R_OK))",
    "seeing other processes": "len([p for p in os.listdir('/proc') if p.isdigit()]) == 2",
    "host paths in /proc/1/cmdline": "os.path.dirname(T['other']).encode() not in open('/proc/1/cmdline', 'rb').read()",
    "signals to host pids": "fails(lambda: os.kill(T['victim'], 9))",
    "reading a victim's memory": "denied(310, 270, T['victim'], 0, 0, 0, 0, 0)",
    "/proc/pid/mem": "fails(lambda: open(f\"/proc/{T['victim']}/mem\", 'rb'))",
    "ptrace attach": "denied(101, 117, 16, T['victim'], 0, 0)",
    "ptrace a parent": "denied(101, 117, 16, os.getppid(), 0, 0)",
    "loopback TCP": "fails(lambda: connects(2, 1, ('127.0.0.1', T['port'])))",
    "abstract socket": "fails(lambda: connects(1, 1, chr(0) + T['secret']))",
    "internet route": "fails(lambda: connects(2, 2, ('192.0.2.1', 9)))",
    "network interfaces": "open('/proc/net/dev').read().count(':') == 1",
    "vsock": "fails(lambda: socket.socket(40, 1))",
    "netlink": "fails(lambda: socket.socket(16, 3)) and fails(lambda: socket.socket(16, 2))",
    "packet": "fails(lambda: socket.socket(17, 3))",
    "raw": "fails(lambda: socket.socket(2, 3)) and fails(lambda: socket.socket(10, 3))",
    "kernel crypto sockets": "fails(lambda: socket.socket(38, 5))",
    "write the data": "fails(lambda: open('/data/x', 'w')) and fails(lambda: open('/data/inputs.txt', 'a'))",
    "chmod the data": "fails(lambda: os.chmod('/data/inputs.txt', 0o777))",
    "write the system": "all(fails(lambda: open(d + '/x', 'w')) for d in "
    "('/', '/usr/bin', '/usr/lib', '/opt/aarlab', '/opt/aarlab/site', '/etc', '/dev', '/sock', '/proc/sys/kernel'))",
    "nested user namespace": "denied(272, 97, 0x10000000) and denied(56, 220, 0x10000000 | 17, 0, 0, 0, 0)",
    "clone3": "call(435, 435, 0, 0) == (-1, errno.ENOSYS)",
    "join namespaces": "denied(308, 268, 0, 0)",
    "mount": "denied(165, 40, 0, 0, 0, 0, 0) and denied(166, 39, 0, 0) and denied(155, 41, 0, 0)",
    "mount, new calls": "all(denied(n, n, 0, 0, 0, 0, 0) for n in (428, 429, 430, 431, 432, 433, 442))",
    "chroot": "denied(161, 51, 0)",
    "keyctl": "denied(250, 219, 0, 0, 0) and denied(248, 217, 0, 0, 0, 0, 0) and denied(249, 218, 0, 0, 0, 0)",
    "bpf": "denied(321, 280, 0, 0, 0)",
    "perf events": "denied(298, 241, 0, 0, 0, 0, 0)",
    "io_uring": "denied(425, 425, 1, 0) and denied(426, 426, 0, 0, 0, 0, 0)",
    "userfaultfd": "denied(323, 282, 0)",
    "file handles": "denied(304, 265, 0, 0, 0) and denied(303, 264, 0, 0, 0, 0, 0)",
    "kernel modules and kexec": "denied(175, 105, 0, 0, 0) and denied(313, 273, 0, 0, 0) and "
    "denied(246, 104, 0, 0, 0, 0)",
    "stealing descriptors": "denied(438, 438, 0, 0, 0)",
    "typing into a terminal": "denied(16, 29, 0, 0x5412, 0) and denied(16, 29, 0, 0x541C, 0)",
    "32-bit numbers": "not X86 or call(0x40000000 + 39, 0) == (-1, errno.ENOSYS)",
    "privileges": "(lambda s: s['Seccomp'] == '2' and s['NoNewPrivs'] == '1' and not any(int(s[c], 16) for c in "
    "('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')))(dict((w.split(':', 1)[0], w.split(':', 1)[1].strip()) "
    "for w in open('/proc/self/status')))",
    "setuid": "fails(lambda: os.setuid(0)) and fails(lambda: os.setgroups([0]))",
    "devices": "set(os.listdir('/dev')) <= set('console core fd full null ptmx pts random shm stderr stdin stdout tty "
    "urandom zero'.split())",
    "the lab's modules": "all(fails(lambda: os.stat('/opt/aarlab/site/aarlab/' + n)) for n in "
    "('lab', 'sandbox', 'paths.py', 'settings.py', 'problem'))",
}


@pytest.fixture(scope="module")
def targets(place: Path, uid: int) -> Iterator[dict[str, object]]:
    """What the lab has: labels (world-readable), another researcher, a process of the sandbox's own uid, listeners."""
    secret = secrets.token_hex(8)
    labels, other = place / "vault" / "labels.json", place / "r2" / "work"
    labels.parent.mkdir()
    labels.write_text(secret)
    other.mkdir(parents=True)
    (other / "method.py").write_text(secret)
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{secret}")
        abstract.listen()
        ungranted = stack.enter_context(socket.socket(socket.AF_UNIX))
        ungranted.bind(str(other / "lab.sock"))
        ungranted.listen()
        (other / "lab.sock").chmod(0o777)
        become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if os.geteuid() == 0 else []
        argv = [*become, "sh", "-c", "read x"]
        victim = subprocess.Popen(argv, stdin=subprocess.PIPE, env={"KEY": secret, "PATH": "/usr/bin"})
        stack.enter_context(victim)
        stack.callback(victim.kill)
        yield {
            "labels": str(labels),
            "other": str(other),
            "socket": str(other / "lab.sock"),
            "secret": secret,
            "victim": victim.pid,
            "port": tcp.getsockname()[1],
        }


@pytest.fixture(scope="module")
def attacker(make: Callable[..., BubblewrapSandbox], place: Path) -> BubblewrapSandbox:
    (place / "sock").mkdir()
    return make(sock=place / "sock")


@pytest.mark.parametrize("name", ATTACKS)
def test_is_refused(attacker: BubblewrapSandbox, targets: dict[str, object], name: str) -> None:
    leak = os.open(str(targets["labels"]), os.O_RDONLY)
    os.set_inheritable(leak, True)
    try:
        code = f"{HEAD}\nprint('held' if ({ATTACKS[name]}) else 'NOT HELD')"
        done = attacker.exec(["python", "-c", code], timeout=20, stdin=json.dumps(targets).encode())
    finally:
        os.close(leak)
    assert (done.stdout, done.stderr) == (b"held\n", b""), name


def test_attacks_work_where_nothing_is_enforced(targets: dict[str, object]) -> None:
    """The probes themselves are real: without a sandbox they find what they look for."""
    open_doors = (
        "labels by path",
        "loopback TCP",
        "abstract socket",
        "another researcher's files",
        "the lab's modules",
    )
    for name in open_doors[:4]:
        code = f"{HEAD}\nprint('held' if ({ATTACKS[name]}) else 'NOT HELD')"
        argv = ["/usr/bin/env", "python3", "-c", code]
        done = subprocess.run(argv, input=json.dumps(targets).encode(), capture_output=True, check=True)
        assert done.stdout == b"NOT HELD\n", name


def test_wrong_architecture_is_killed(attacker: BubblewrapSandbox) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("needs int 0x80")
    code = (
        "import ctypes, mmap\n"
        "m = mmap.mmap(-1, 4096, prot=7)\n"
        "m.write(bytes.fromhex('b814000000cd80c3'))\n"
        "ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()\n"
        "print('survived')"
    )
    done = attacker.exec(["python", "-c", code], timeout=20)
    assert done.stdout == b""
    assert done.returncode == -31


def test_granted_socket_works(attacker: BubblewrapSandbox, place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place / "sock" / "lab.sock"))
        (place / "sock" / "lab.sock").chmod(0o666)
        door.listen()
        code = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/sock/lab.sock'); print('connected')"
        assert attacker.exec(["python", "-c", code], timeout=20).stdout == b"connected\n"


def test_ordinary_python_works(attacker: BubblewrapSandbox) -> None:
    code = (
        "import asyncio, concurrent.futures as f, sqlite3, subprocess, tempfile, threading\n"
        "from aarlab.canonical import digest\n"
        "def job(x): return x * x\n"
        "if __name__ == '__main__':\n"
        "    with f.ProcessPoolExecutor(2) as pool: assert list(pool.map(job, [1, 2])) == [1, 4]\n"
        "    assert asyncio.run(asyncio.sleep(0, 3)) == 3\n"
        "    assert sqlite3.connect(':memory:').execute('select 1').fetchone() == (1,)\n"
        "    assert subprocess.run(['sh', '-c', 'exit 3']).returncode == 3\n"
        "    open('out.txt', 'w').write(open('/data/inputs.txt').read())\n"
        "    tempfile.TemporaryFile().write(b'x')\n"
        "    t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
        "    print(digest(b''))\n"
    )
    attacker.put("job.py", code.encode())
    done = attacker.exec(["python", "/work/job.py"], timeout=30)
    assert (done.status, done.stderr) == ("ok", b"")
    assert attacker.get("out.txt", max_bytes=100) == b"public"
