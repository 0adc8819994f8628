"""Server-sent events: told at once, told again what was missed, across restarts of the lab and of the dashboard."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aarlab.wire import FindingRequest
from tests.support.cli import inside
from tests.support.lab import FAST, LabProcess
from tests.support.web import Dashboard

SECONDS = 0.5
"""From an entry in the ledger to the browser."""


@pytest.fixture
def lab(root: Path) -> Iterator[LabProcess]:
    running = LabProcess(root / "live", FAST).start()
    yield running
    running.stop()


def marks(lines: Iterator[str]) -> Iterator[str]:
    """Marks of the events of kind "news"."""
    kind = ""
    for line in lines:
        kind = line.removeprefix("event: ") if line.startswith("event: ") else kind
        if line.startswith("data: ") and kind == "news":
            yield line.removeprefix("data: ")


def test_an_entry_reaches_the_browser_and_what_was_missed_is_told(web: httpx.Client, lab: LabProcess) -> None:
    with lab.admit("r1") as member, web.stream("GET", "/studies/live/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = marks(stream.iter_lines())
        first = next(told)
        assert first == f"{len(lab.events())}-0"
        member.finding(FindingRequest(kind="hypothesis", title="one", text="two"))
        written = time.monotonic()
        second = next(told)
        assert time.monotonic() - written < SECONDS
        assert second == f"{len(lab.events())}-0"
        assert "one" in web.get("/studies/live").text
    with web.stream("GET", "/studies/live/live", headers={"last-event-id": first}) as stream:
        assert next(marks(stream.iter_lines())) == second


@pytest.mark.slow
def test_a_lab_that_is_killed_and_started_again_is_news(web: httpx.Client, lab: LabProcess) -> None:
    known = f"{len(lab.events())}-0"
    with web.stream("GET", f"/studies/live/live?known={known}") as stream:
        lab.kill()
        lab.start()  # a start is an entry
        assert next(marks(stream.iter_lines())) == f"{len(lab.events())}-0"


@pytest.mark.slow
def test_a_restart_of_the_dashboard_logs_nobody_out(root: Path) -> None:
    with Dashboard(root) as other, other.client() as client:
        port = int(other.base.rpartition(":")[2])
        before = client.get("/studies").text
        assert other.stop() == 0
        with Dashboard(root, port=port) as again:
            assert again.url == other.url
            assert client.get("/studies").text == before


def test_a_port_in_use_is_one_line(root: Path, dashboard: Dashboard) -> None:
    port = dashboard.base.rpartition(":")[2]
    done = inside("serve", "--port", port, "--root", root, "--no-browser")
    assert (done.status, done.err.count("\n")) == (3, 1)
    assert "choose another with --port" in done.err
