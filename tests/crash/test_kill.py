"""kill -9 of anything, at random moments, then resume: nothing lost, nothing doubled, budgets right, no leftovers."""

import json
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from aarlab.errors import OperatorError
from aarlab.fleet.study import create_study
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from tests.support.fleet import FleetProcess, events, leftovers, settings

VICTIMS = ("aarlab.api.server", "aarlab.fleet.researcher", "orchestrator")
BUDGET = {"dev_answers": 6, "verifications": 2, "experiments": 120}


def config(seed: int) -> StudyConfig:
    return settings(study={"researchers": 2, "seed": seed}, budget=BUDGET, watchdog={"restarts": 20})


def count(paths: StudyPaths) -> int:
    """Entries of the ledger; 0 also in the moment before it has its table."""
    with suppress(OperatorError):
        return sum(1 for _ in read_events(paths.database))
    return 0


def strike(fleet: FleetProcess, victim: str, *, rng: random.Random) -> FleetProcess:
    """Kills the victim; a killed orchestrator is followed by another one."""
    if victim == "orchestrator":
        fleet.kill()
        return FleetProcess(fleet.paths)
    for pid in rng.sample(found := sorted(fleet.pids(victim)), min(1, len(found))):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return fleet


def check(paths: StudyPaths) -> None:
    found = events(paths)
    state = State.of(found)
    kinds = Counter(event.kind for event in found)
    dev = [one for one in state.submissions.values() if one.door == "dev"]
    verify = [one for one in state.submissions.values() if one.door == "verify"]
    assert all(one.status == "ok" for one in state.submissions.values())
    assert len(dev) == kinds["dev.requested"] == kinds["dev.answered"] <= BUDGET["dev_answers"]
    assert len(verify) == kinds["verify.requested"] == kinds["verify.finished"] <= BUDGET["verifications"]
    # Two researchers may come to the same method, which costs once; but each has reported every answer of its share.
    about = Counter((post.author, post.submission[:2]) for post in state.findings.values() if post.submission)
    shares = {"d-": BUDGET["dev_answers"] // 2, "v-": BUDGET["verifications"] // 2}
    assert about == {(name, door): share for name in state.researchers for door, share in shares.items()}
    answers = Counter(event.body["id"] for event in found if event.kind in ("dev.answered", "verify.finished"))
    assert set(answers.values()) == {1}
    for name, one in state.researchers.items():
        used = json.loads((paths.logs / f"{name}.usage.json").read_bytes())
        assert one.experiments == used["experiments"] <= BUDGET["experiments"] // 2
        assert one.cpu_seconds == pytest.approx(used["cpu_seconds"], abs=1e-6)
        assert one.experiments >= 3 * sum(entry.researcher == name for entry in dev)
    titles = Counter((post.author, post.title) for post in state.findings.values())
    assert max(titles.values()) == 1
    assert not leftovers(paths)


def run_with_strikes(folder: Path, *, seed: int, strikes: int) -> None:
    rng = random.Random(seed)
    paths = create_study(config(seed), folder=folder)
    fleet = FleetProcess(paths)
    try:
        for number in range(strikes):
            moment = count(paths) + rng.randrange(1, 9)
            fleet.until(lambda moment=moment: count(paths) >= moment)  # type: ignore[misc]
            fleet = strike(fleet, VICTIMS[(number + seed) % len(VICTIMS)], rng=rng)
        assert fleet.wait(seconds=200).strip().endswith("finished")
    finally:
        if fleet.process.poll() is None:
            fleet.kill()
    check(paths)


def test_three_kills_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    run_with_strikes(tmp_path / "s", seed=0, strikes=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_many_kills_and_nothing_is_lost_or_doubled(tmp_path: Path, seed: int) -> None:
    run_with_strikes(tmp_path / "s", seed=seed, strikes=6)


@pytest.mark.slow
def test_a_killed_orchestrator_takes_its_processes_with_it_and_resume_cleans_up(tmp_path: Path) -> None:
    paths = create_study(config(7), folder=tmp_path / "s")
    fleet = FleetProcess(paths)
    fleet.until(lambda: count(paths) > 12)
    fleet.kill()  # waits until no process of the study is left
    fleet = FleetProcess(paths)
    assert fleet.wait(seconds=200).strip().endswith("finished")
    check(paths)
