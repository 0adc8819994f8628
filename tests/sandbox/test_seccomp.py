"""The filter's decisions for both processor families, by running its program on made-up system calls."""

import struct

import pytest

from aarlab.errors import OperatorError
from aarlab.sandbox.seccomp import MACHINES, filter_bytes

ALLOW, KILL, EPERM, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x80000000, 0x50001, 0x50026, 0x50061


def decide(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """A classic BPF machine, as far as the filter needs one."""
    program = list(struct.iter_unpack("<HBBI", filter_bytes(machine)))
    words = [number, MACHINES[machine].audit if arch is None else arch, 0, 0]
    for argument in (*arguments, 0, 0, 0)[:3]:
        words += [argument & 0xFFFFFFFF, argument >> 32]
    value, at = 0, 0
    while True:
        code, yes, no, constant = program[at]
        at += 1
        if code == 0x06:
            return int(constant)
        if code == 0x20:
            value = words[constant // 4]
        elif code == 0x54:
            value &= constant
        else:
            holds = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}[code]
            at += yes if holds else no


@pytest.mark.parametrize("machine", MACHINES)
def test_every_refused_call_is_refused(machine: str) -> None:
    for number in MACHINES[machine].refused.values():
        assert decide(machine, number) == EPERM
    assert decide(machine, 435) == ENOSYS
    assert len(MACHINES[machine].refused) == len(set(MACHINES[machine].refused.values()))


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_decide(machine: str) -> None:
    has = MACHINES[machine]
    assert decide(machine, has.clone, 17) == ALLOW
    assert decide(machine, has.clone, 0x3D0F00) == ALLOW, "threads"
    for bit in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert decide(machine, has.clone, bit | 17) == EPERM
    assert decide(machine, has.ioctl, 0, 0x5401) == ALLOW
    for command in (0x5412, 0x541C, 0x5423, 0x5412 | 1 << 32):
        assert decide(machine, has.ioctl, 0, command) == EPERM
    for family in (1, 2, 10):
        assert decide(machine, has.socket, family, 1 | 0o2000000) == ALLOW
        assert decide(machine, has.socket, family, 3) == EPERM
    for family in (0, 16, 17, 38, 40, 45):
        assert decide(machine, has.socket, family, 1) == EAFNOSUPPORT
    assert decide(machine, has.socket, 2, 1, 132) == EPERM
    assert decide(machine, has.socketpair, 1, 1) == ALLOW
    assert decide(machine, has.socketpair, 2, 1) == EAFNOSUPPORT


@pytest.mark.parametrize("machine", MACHINES)
def test_other_numbers_and_architectures(machine: str) -> None:
    assert decide(machine, 0x40000000 + 39) == ENOSYS
    assert decide(machine, 0, arch=0x40000003) == KILL
    assert all(decide(machine, number) == ALLOW for number in (0, 1, 3))
    assert len(filter_bytes(machine)) // 8 < 256


def test_unknown_processor_is_refused() -> None:
    with pytest.raises(OperatorError, match="riscv64"):
        filter_bytes("riscv64")
