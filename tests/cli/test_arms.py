"""Experiments as a user sees them: checked before they cost anything, resumed after kill -9, compared at the end."""

import json
import signal
import sys
import threading
from pathlib import Path

import pytest

from aarlab.errors import UserError
from aarlab.experiment import load_experiment
from aarlab.fleet.experiment import Runner, create_experiment, open_experiment
from aarlab.lab.sqlite_store import read_events
from tests.support.cli import aarlab, inside, start

FILE = """
[study]
name = "tiny"
researchers = 1
[budget]
minutes = 10.0
experiments = 30
dev_answers = 2
verifications = 1
[dev]
seeds = 1
[verify]
seeds = 2
controls = 1
answer_every = 0.0
[sandbox]
disk_mb = 16
[experiment]
repeats = 1
seed = 1
[arms.on]
[arms.off]
study.forum = "off"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.toml"
    path.write_text(FILE)
    return path


def test_check_says_what_all_of_it_may_cost(file: Path) -> None:
    shown = inside("check", file)
    assert (shown.status, shown.err) == (0, "")
    assert "2 arms x 1 repeats = 2 studies" in shown.out
    assert "study.forum = off" in shown.out
    data = json.loads(inside("check", file, "--json").out)
    assert data["arms"]["off"]["dollars_estimate"] <= data["arms"]["off"]["dollars_cap"] == 1.0
    file.write_text(FILE.replace('"off"', '"of"'))
    wrong = inside("run", file)
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)
    assert not (file.parent / "studies").exists()


def test_a_study_that_fails_is_named_and_the_others_are_done(file: Path) -> None:
    folder, told = file.parent / "studies" / "tiny", list[str]()
    create_experiment(load_experiment(file), folder=folder)
    failing = [sys.executable, "-c", "raise SystemExit(3)"]
    assert Runner(folder, command=lambda _: failing, tell=told.append).run(stop=threading.Event()) == "failed"
    assert [line for line in told if "did not finish (status 3)" in line and "run.log" in line] == told[1::2]
    assert [row["state"] for row in json.loads(inside("status", "--json").out)["studies"]] == ["waiting"] * 2
    assert "name one of its studies, such as --study tiny/off-1" in inside("board", "--study", "tiny").err
    assert inside("compare").status == 2
    with pytest.raises(UserError, match="is not empty"):
        create_experiment(load_experiment(file), folder=folder)


def test_a_stop_is_heard_before_anything_begins(file: Path) -> None:
    folder, stop = file.parent / "studies" / "tiny", threading.Event()
    create_experiment(load_experiment(file), folder=folder)
    stop.set()
    assert Runner(folder, command=lambda _: ["false"], tell=print).run(stop=stop) == "stopped"
    (folder / "experiment.json").write_text("{}")
    with pytest.raises(UserError, match="restore it from a backup"):
        open_experiment(folder)


@pytest.mark.slow
def test_killed_and_resumed_it_keeps_what_is_finished(file: Path) -> None:
    folder = file.parent / "studies" / "tiny"
    with start("run", file, cwd=file.parent) as process:
        assert process.stdout is not None
        while "off-1 begins" not in (line := process.stdout.readline()):
            assert line, process.stderr and process.stderr.read()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    kept = [event.hash for event in read_events(folder / "on-1" / "lab.db")]
    resumed = aarlab("resume", "--study", "tiny", cwd=file.parent, timeout=280)
    assert (resumed.status, resumed.err) == (0, "")
    assert "1 of 2 studies are finished already" in resumed.out
    assert [event.hash for event in read_events(folder / "on-1" / "lab.db")] == kept
    states = json.loads(aarlab("status", "--json", cwd=file.parent).out)["studies"]
    assert [row["state"] for row in states] == ["finished"] * 2
    compared = json.loads(aarlab("compare", "tiny", "--level", "0.1", "--json", cwd=file.parent).out)
    assert {one["difference"]["verdict"] for one in compared["contrasts"]} == {"not enough repeats to tell"}
    assert "not enough repeats to tell" in (folder / "report.html").read_text()
