"""The system calls that a sandbox may not make, as a classic BPF program for x86_64 and aarch64.

Default allow, because numerical libraries need many calls; refused is what reaches other processes, other kernels'
interfaces or new namespaces. `clone3` cannot be inspected by a filter (its flags lie behind a pointer), so it answers
ENOSYS and libc uses `clone`.
"""

import errno
import platform
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aarlab.errors import OperatorError

_LOAD, _JEQ, _JGE, _JSET, _AND, _RET = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NR, _ARCH, _ARGS = 0, 4, 16
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NEW_NAMESPACE = 0x7E020000
_TERMINAL_TRICKS = (0x5412, 0x541C, 0x5423)
_SOCKET_FAMILIES = (1, 2, 10)
_SOCKET_TYPES = (1, 2, 5)
_SOCKET_PROTOCOLS = (0, 6, 17)
_X32 = 0x40000000

_SAME_EVERYWHERE: Mapping[str, int] = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "process_madvise": 440,
    "mount_setattr": 442, "quotactl_fd": 443, "process_mrelease": 448, "open_tree_attr": 467,
}  # fmt: skip
_X86_64: Mapping[str, int] = {
    "ptrace": 101, "syslog": 103, "uselib": 134, "ustat": 136, "sysfs": 139, "vhangup": 153, "modify_ldt": 154,
    "pivot_root": 155, "_sysctl": 156, "adjtimex": 159, "chroot": 161, "acct": 163, "settimeofday": 164, "mount":
    165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171,
    "iopl": 172, "ioperm": 173, "create_module": 174, "init_module": 175, "delete_module": 176, "get_kernel_syms":
    177, "query_module": 178, "quotactl": 179, "nfsservctl": 180, "lookup_dcookie": 212, "clock_settime": 227,
    "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "migrate_pages": 256, "unshare": 272,
    "move_pages": 279, "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303, "open_by_handle_at":
    304, "clock_adjtime": 305, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
    "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
}  # fmt: skip
_AARCH64: Mapping[str, int] = {
    "lookup_dcookie": 18, "umount2": 39, "mount": 40, "pivot_root": 41, "nfsservctl": 42, "chroot": 51, "vhangup":
    58, "quotactl": 60, "acct": 89, "unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106,
    "clock_settime": 112, "syslog": 116, "ptrace": 117, "reboot": 142, "sethostname": 161, "setdomainname": 162,
    "settimeofday": 170, "adjtimex": 171, "add_key": 217, "request_key": 218, "keyctl": 219, "swapon": 224,
    "swapoff": 225, "migrate_pages": 238, "move_pages": 239, "perf_event_open": 241, "fanotify_init": 262,
    "name_to_handle_at": 264, "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268, "process_vm_readv": 270,
    "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "bpf": 280, "userfaultfd": 282, "kexec_file_load":
    294,
}  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """What differs between processor families."""

    audit: int
    """AUDIT_ARCH_* of native system calls; any other kills the process."""
    refused: Mapping[str, int]
    """System calls that answer EPERM."""
    clone: int
    """Number of clone."""
    ioctl: int
    """Number of ioctl."""
    socket: int
    """Number of socket."""
    socketpair: int
    """Number of socketpair."""
    clone3: int = 435
    """Number of clone3."""


MACHINES: Mapping[str, Machine] = {
    "x86_64": Machine(0xC000003E, {**_SAME_EVERYWHERE, **_X86_64}, clone=56, ioctl=16, socket=41, socketpair=53),
    "aarch64": Machine(0xC00000B7, {**_SAME_EVERYWHERE, **_AARCH64}, clone=220, ioctl=29, socket=198, socketpair=199),
}

_Instruction = tuple[int, int, int, int]


def _refuse(code: int) -> _Instruction:
    return (_RET, 0, 0, _ERRNO | code)


def _argument(index: int) -> _Instruction:
    """Loads the low 32 bits: what the kernel itself looks at for the `int` arguments that are checked here."""
    return (_LOAD, 0, 0, _ARGS + 8 * index)


def _when(number: int, body: Sequence[_Instruction]) -> list[_Instruction]:
    return [(_JEQ, 0, len(body), number), *body]


def _only(values: Sequence[int], code: int) -> list[_Instruction]:
    """Goes on behind itself when the loaded word is one of `values`, else answers `code`."""
    tests = [(_JEQ, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [*tests, _refuse(code)]


def _socket_rules(machine: Machine) -> list[_Instruction]:
    """Unix, IPv4 and IPv6 streams and datagrams: no vsock (which leaves a virtual machine), netlink, packet or raw."""
    allow = (_RET, 0, 0, _ALLOW)
    families = [_argument(0), *_only(_SOCKET_FAMILIES, errno.EAFNOSUPPORT)]
    types = [_argument(1), (_AND, 0, 0, 0xF), *_only(_SOCKET_TYPES, errno.EPERM)]
    protocols = [_argument(2), *_only(_SOCKET_PROTOCOLS, errno.EPERM)]
    pairs = [_argument(0), *_only((1,), errno.EAFNOSUPPORT), allow]
    return [*_when(machine.socket, [*families, *types, *protocols, allow]), *_when(machine.socketpair, pairs)]


def _argument_rules(machine: Machine) -> list[_Instruction]:
    allow = (_RET, 0, 0, _ALLOW)
    clone = [_argument(0), (_JSET, 0, 1, _NEW_NAMESPACE), _refuse(errno.EPERM), allow]
    tests = [(_JEQ, len(_TERMINAL_TRICKS) - i, 0, cmd) for i, cmd in enumerate(_TERMINAL_TRICKS)]
    ioctl = [_argument(1), *tests, allow, _refuse(errno.EPERM)]
    rules = [
        *_when(machine.clone3, [_refuse(errno.ENOSYS)]),
        *_when(machine.clone, clone),
        *_when(machine.ioctl, ioctl),
    ]
    return [*rules, *_socket_rules(machine)]


def _program(machine: Machine) -> list[_Instruction]:
    head: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_JEQ, 1, 0, machine.audit),
        (_RET, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
        (_JGE, 0, 1, _X32),
        _refuse(errno.ENOSYS),
        *_argument_rules(machine),
    ]
    numbers = sorted(machine.refused.values())
    tests = [(_JEQ, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    return [*head, *tests, (_RET, 0, 0, _ALLOW), _refuse(errno.EPERM)]


def filter_bytes(machine: str | None = None) -> bytes:
    """The filter as an array of `struct sock_filter`, for bubblewrap's --seccomp.

    `machine` is as in `uname -m`; None is this host. Raises OperatorError for a processor without a table.
    """
    name = machine or platform.machine()
    if name not in MACHINES:
        raise OperatorError(f"no system-call filter for {name} processors (have: {', '.join(MACHINES)})")
    order = "<HBBI"
    return b"".join(struct.pack(order, *instruction) for instruction in _program(MACHINES[name]))
