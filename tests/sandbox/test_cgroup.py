"""Cgroups of both versions. Where the host has only one with controllers, the other's files are a folder of our own."""

import os
import subprocess
from pathlib import Path

import pytest

from aarlab.sandbox.cgroup import Cgroup, Hierarchies, detect
from aarlab.sandbox.protocol import Limits


@pytest.fixture
def here() -> Hierarchies:
    found = detect()
    if found is None:
        pytest.skip("no writable cgroup on this host")
    return found


def _sleeper(group: Cgroup) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["sleep", "1000"])
    group.add(process.pid)
    return process


def test_limits_membership_and_removal(here: Hierarchies) -> None:
    group = Cgroup(here, "test-one")
    group.create(Limits(memory_mb=64, pids=10, cpus=0.5))
    process = _sleeper(group)
    assert group.pids() == {process.pid}
    assert group.oom_kills() == 0
    assert (group.cpu_seconds() or 0.0) >= 0.0
    group.kill()
    assert process.wait() == -9
    group.remove()
    group.remove()
    assert group.pids() == set()


def test_a_leftover_of_the_same_name_is_killed_and_replaced(here: Hierarchies) -> None:
    old = Cgroup(here, "test-two")
    old.create(Limits())
    process = _sleeper(old)
    new = Cgroup(here, "test-two")
    new.create(Limits(memory_mb=64))
    assert process.wait() == -9
    assert new.pids() == set()
    new.remove()


def test_our_own_cgroup_is_not_touched(here: Hierarchies) -> None:
    before = Path("/proc/self/cgroup").read_text()
    group = Cgroup(here, "test-three")
    group.create(Limits())
    group.remove()
    assert Path("/proc/self/cgroup").read_text() == before


def test_version_2_without_controllers_is_used_for_killing() -> None:
    unified = Path("/sys/fs/cgroup/unified")
    if not (unified / "cgroup.procs").exists() or not os.access(unified, os.W_OK):
        pytest.skip("needs a writable cgroup v2 mount")
    folder = unified / "aarlab.test-four"
    folder.mkdir()
    group = Cgroup(Hierarchies("v2", dict.fromkeys(("memory", "pids", "cpu"), unified)), "test-four")
    process = _sleeper(group)
    group.remove()
    assert process.wait() == -9
    assert not folder.exists()


def test_version_2_files(tmp_path: Path) -> None:
    """What is written where, and what is read, on a folder that looks like cgroup v2."""
    parents = dict.fromkeys(("memory", "pids", "cpu"), tmp_path)
    group = Cgroup(Hierarchies("v2", parents), "x")
    group.create(Limits(memory_mb=64, pids=10, cpus=1.5))
    folder = tmp_path / "aarlab.x"
    assert (folder / "memory.max").read_text() == f"{64 << 20}\n"
    assert (folder / "pids.max").read_text() == "14\n"
    assert (folder / "cpu.max").read_text() == "150000 100000\n"
    (folder / "memory.events").write_text("low 0\nmax 7\noom 2\noom_kill 1\n")
    (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\nnr_periods 4\nnr_throttled 3\n")
    assert (group.oom_kills(), group.cpu_seconds(), group.throttled()) == (1, 1.5, 3)
