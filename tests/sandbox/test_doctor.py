"""The self-probe and `aarlab doctor` on this host."""

import os
import time

import pytest

from aarlab.sandbox.bubblewrap import Bubblewrap
from aarlab.sandbox.doctor import doctor
from aarlab.sandbox.probe import PROPERTIES
from aarlab.sandbox.select import select


@pytest.mark.usefixtures("as_root")
def test_the_probe_sees_everything_hold_and_is_run_once() -> None:
    backend = Bubblewrap()
    found = backend.describe()
    assert set(found.enforced) == set(PROPERTIES), found.missing
    assert found.missing == {}
    assert found.rankable
    began = time.perf_counter()
    assert backend.describe() is found
    assert time.perf_counter() - began < 0.001


def test_auto_is_bubblewrap_that_holds() -> None:
    assert select("auto").describe().backend == "bubblewrap"


def test_doctor_says_what_to_do_about_everything_that_is_not_ok() -> None:
    checks = doctor()
    names = [check.name for check in checks]
    assert len(names) == len(set(names))
    assert {"Linux", "Python", "git", "bubblewrap", "cgroup", "openat2", "memory"} <= set(names)
    assert {f"sandbox: {name}" for name in PROPERTIES} <= set(names)
    assert all(check.detail for check in checks)
    assert all(bool(check.fix) != check.ok for check in checks)
    if os.geteuid() == 0:
        assert all(check.ok for check in checks if check.needed)


@pytest.mark.parametrize("required", [("files",), PROPERTIES])
@pytest.mark.usefixtures("as_root")
def test_more_can_be_required(required: tuple[str, ...]) -> None:
    assert select("auto", required=required).describe().enforced == PROPERTIES
