"""Core time of a program that works by itself: paid ahead a while at a time, and the cap holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aarlab.errors import ResearcherError
from aarlab.fleet.bench import LEASE_SECONDS
from aarlab.fleet.meter import Meter
from aarlab.minds.protocol import Share
from aarlab.sandbox.protocol import Completed
from aarlab.settings import PriceSettings, SandboxSettings
from tests.support.lab import FAST, LabProcess
from tests.support.workbench import Place, workbench

DOLLAR_A_SECOND = PriceSettings(cpu_hour=3600.0)
WALLS = SandboxSettings(memory_mb=256, disk_mb=16)
"""Only a real sandbox counts the core time of what still runs."""
BUSY = "while :; do :; done"
TURNS = 200_000
"""Of a loop that takes a good part of a second."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    price = {"price": {"cpu_hour": 3600.0}, "budget": {"dollars": 1000.0}}
    process = LabProcess(tmp_path_factory.mktemp("study"), FAST | price).start()
    process.admit("r1")
    yield process
    process.stop()


def more(dollars: float) -> Share:
    return Share(experiments=1, dev_answers=1, verifications=1, dollars=dollars)


def work(place: Place, command: str) -> Completed:
    """Runs a program for at most a minute."""
    hear = list[str]().append
    return place.bench.program(
        ["/bin/sh", "-c", command], env={}, seconds=60.0, out=hear, err=hear, until=lambda: False
    )


def test_money_is_set_aside_while_it_works_and_given_back(lab: LabProcess, tmp_path: Path) -> None:
    left: list[float] = []

    def share(meter: Meter) -> Share:
        return more(meter.dollars + 100.0)

    with workbench(lab, tmp_path, share=share, price=DOLLAR_A_SECOND) as place:
        before = place.bench.dollars_left()
        done = place.bench.program(
            ["/bin/echo", "here"],
            env={},
            seconds=60.0,
            out=lambda _: left.append(place.bench.dollars_left()),
            err=lambda _: left.clear(),
            until=lambda: False,
        )
        assert (done.status, left) == ("ok", [before - LEASE_SECONDS])
        assert place.bench.dollars_left() == pytest.approx(before, abs=1.0)


def test_what_a_killed_program_had_paid_ahead_is_spent(lab: LabProcess, tmp_path: Path) -> None:
    """The journal is taken while the program works: just so a kill would leave it."""
    kept, used = tmp_path / "killed.json", list[float]()

    def share(meter: Meter) -> Share:
        return more(meter.dollars + 100.0)

    with workbench(lab, tmp_path, share=share, price=DOLLAR_A_SECOND, sandbox=WALLS) as place:
        before, began = place.meter.cpu_seconds, place.sandbox.used()

        def killed(_: str) -> None:
            used.append(place.sandbox.used() - began)
            kept.write_bytes((tmp_path / "usage.json").read_bytes())

        command = f"i=0; while [ $i -lt {TURNS} ]; do i=$((i+1)); done; echo here"
        done = place.bench.program(
            ["/bin/sh", "-c", command], env={}, seconds=60.0, out=killed, err=killed, until=lambda: False
        )
        assert (done.status, len(used)) == ("ok", 1)
        assert used[0] > 0.02
        with lab.operator() as operator:
            after = Meter(kept, operator, researcher="r1", price=DOLLAR_A_SECOND)
            again = Meter(tmp_path / "usage.json", operator, researcher="r1", price=DOLLAR_A_SECOND)
            assert used[0] <= after.cpu_seconds - before <= used[0] + LEASE_SECONDS
            assert again.cpu_seconds == place.meter.cpu_seconds  # what has returned is not spent
            after.close()
            (mine,) = operator.state().researchers
            assert mine.cpu_seconds == pytest.approx(after.cpu_seconds)
            twice = Meter(kept, operator, researcher="r1", price=DOLLAR_A_SECOND)
            assert twice.cpu_seconds == pytest.approx(after.cpu_seconds)  # killed once more before anything is put down


def test_a_program_is_ended_before_its_share_is_gone(lab: LabProcess, tmp_path: Path) -> None:
    def share(meter: Meter) -> Share:
        return more(meter.dollars + LEASE_SECONDS + 0.5)

    with workbench(lab, tmp_path, share=share, price=DOLLAR_A_SECOND, sandbox=WALLS) as place:
        done = work(place, BUSY)
        assert done.status != "ok"
        assert done.seconds < LEASE_SECONDS
        assert place.bench.dollars_left() > 0
        with pytest.raises(ResearcherError, match=r"30 s of work may cost \$30.0000") as refused:
            work(place, "true")
    assert refused.value.code == "budget"
