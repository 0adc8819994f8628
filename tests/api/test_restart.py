"""kill -9 and SIGTERM under load: nothing acknowledged is lost, nothing is doubled, what was asked is answered."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aarlab.api.client import Door
from aarlab.errors import OperatorError
from aarlab.lab.chain import verify_chain
from aarlab.lab.events import content_digest
from aarlab.wire import FindingRequest, SessionRequest, UsageRequest
from tests.api.conftest import Begin
from tests.support.lab import FAST, GOOD, ROOT, LabProcess, until

SLOW = "import time\ntime.sleep(1)\n" + GOOD


class Load:
    """Researchers that write all the time and remember what was acknowledged."""

    def __init__(self, lab: LabProcess, names: tuple[str, ...]) -> None:
        self.acknowledged: set[str] = set()
        self.usage = 0
        self._stop = threading.Event()
        self._errors: list[OperatorError] = []
        jobs: list[tuple[Callable[[LabProcess, str], None], str]] = [(self._write, name) for name in names]
        jobs.append((self._report, names[0]))
        self._threads = [threading.Thread(target=self._guard, args=(job, lab, name)) for job, name in jobs]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        assert not self._errors

    def _guard(self, job: Callable[[LabProcess, str], None], lab: LabProcess, name: str) -> None:
        try:
            job(lab, name)
        except OperatorError as error:
            self._errors.append(error)

    def _write(self, lab: LabProcess, name: str) -> None:
        with Door(lab.socket(name), deadline=60) as door:
            while not self._stop.is_set():
                number = len(self.acknowledged)
                self.acknowledged.add(door.finding(FindingRequest(kind="insight", title=f"{name} {number}", text="x")))

    def _report(self, lab: LabProcess, name: str) -> None:
        with lab.operator(deadline=60) as operator:
            while not self._stop.is_set():
                operator.usage(UsageRequest(researcher=name, experiments=1, cpu_seconds=0.5, wall_seconds=1.0))
                self.usage += 1


def test_kill_minus_nine_under_load(begin: Begin) -> None:
    lab = begin()
    r1 = lab.admit("r1")
    lab.admit("r2")
    answered = r1.ask()
    slow = r1.prove(SLOW, wait=0)
    load = Load(lab, ("r1", "r2"))
    for writes in (30, 60):
        until(lambda: len(load.acknowledged) >= writes)  # noqa: B023 - used before the next round
        lab.kill()
        lab.start()
    until(lambda: len(load.acknowledged) >= 90)
    load.end()

    events = lab.events()
    assert verify_chain(events).ok
    posted = [event.body["id"] for event in events if event.kind == "finding.posted"]
    assert len(posted) == len(set(posted))
    assert load.acknowledged <= set(posted)
    with lab.operator() as operator:
        (first, _) = operator.state().researchers
        assert first.experiments == load.usage
        assert first.cpu_seconds == load.usage / 2
    done = r1.submission(slow.id, wait=60)
    assert done.status == "ok"
    assert done.value == pytest.approx(1.0)
    assert r1.ask() == answered
    kinds = [event.kind for event in lab.events()]
    assert [kinds.count(kind) for kind in ("dev.answered", "verify.requested", "verify.finished")] == [1, 1, 1]
    assert kinds.count("marks.scored") == 1


@pytest.mark.slow
def test_sigterm_abandons_what_runs_and_the_next_start_takes_it_up(begin: Begin) -> None:
    lab = begin()
    r1 = lab.admit("r1")
    slow = [r1.prove(f"# {number}\n{SLOW}", wait=0).id for number in range(2)]
    until(lambda: (lab.paths.runtime / "verify" / "0" / "method" / "method.py").exists())
    assert lab.stop() == 0
    assert not list((lab.paths.runtime).glob("*/lab.sock"))
    assert not (lab.paths.runtime / "server.pid").exists()
    lab.start()
    r1 = lab.member("r1")
    assert [r1.submission(name, wait=60).status for name in slow] == ["ok"] * 2
    finished = [event.body["id"] for event in lab.events() if event.kind == "verify.finished"]
    assert finished == slow


def test_a_second_server_and_a_changed_ledger_are_refused(begin: Begin) -> None:
    lab = begin(FAST)
    first = lab.process
    assert lab.spawn().wait(60) == 3
    assert "another lab server already writes" in lab.log.read_text()
    lab.process = first
    lab.stop()
    raw = lab.paths.database.read_bytes()
    lab.paths.database.write_bytes(raw.replace(b'"toy/threshold"', b'"toy/thresh0ld"'))
    assert lab.spawn().wait(60) == 3
    assert "does not verify: entry 1 was changed" in lab.log.read_text()
    lab.paths.database.write_bytes(raw)
    lab.start()


def test_settings_of_a_study_that_has_begun_stay(begin: Begin) -> None:
    lab = begin(FAST)
    lab.stop()
    text = lab.paths.config.read_text()
    lab.paths.config.write_text(text.replace("dev_answers = 36", "dev_answers = 99"))
    assert lab.spawn().wait(60) == 2
    assert "changed: budget.dev_answers" in lab.log.read_text()
    lab.paths.config.write_text(text)
    lab.start()


def test_two_studies_with_one_researcher_and_one_seed_are_the_same(begin: Begin) -> None:
    digests = []
    for _ in range(2):
        lab = begin()
        with lab.operator() as operator:
            operator.session(SessionRequest(action="start"))
        r1 = lab.admit("r1")
        seen = r1.ask()
        r1.prove()
        r1.finding(FindingRequest(kind="result", title="t", text="x", submission=seen.id))
        with lab.operator() as operator:
            operator.session(SessionRequest(action="end"))
        until(lambda: any(event.kind == "marks.scored" for event in lab.events()))  # noqa: B023
        digests.append(content_digest(lab.events()))
    assert digests[0] == digests[1]


def test_the_public_inputs_outlive_a_restart(begin: Begin) -> None:
    lab = begin(FAST)
    inputs: Path = lab.paths.data() / "inputs.json"
    before = (inputs.stat().st_ino, inputs.read_bytes())
    lab.kill()
    lab.start()
    assert (inputs.stat().st_ino, inputs.read_bytes()) == before


def test_the_server_ends_with_who_started_it(begin: Begin) -> None:
    lab = begin(FAST)
    lab.stop()
    ready = lab.paths.runtime / "server.pid"
    command = [sys.executable, "-m", "aarlab.api.server", "--study", str(lab.paths.root), "--die-with-parent"]
    program = f"import subprocess; subprocess.run({command!r})"
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, stderr=subprocess.DEVNULL
    ) as parent:
        until(ready.exists)
        parent.kill()
    until(lambda: not ready.exists())
    lab.start()
