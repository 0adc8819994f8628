"""Trackers: told of the same things, once, by a process that cannot harm the study; each with its real package."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from aarlab.errors import UserError
from aarlab.fleet.engine.local import LocalEngine
from aarlab.fleet.tracking.beside import LOG, tracking
from aarlab.fleet.tracking.choose import require_tracker
from aarlab.fleet.tracking.main import track
from aarlab.lab.board import board
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.settings import TrackingSettings
from aarlab.studyfile import dump_study, load_study
from tests.support.campaign import SECRET_HOST, campaign
from tests.support.cli import ROOT

VERIFIED = 9
"""Of the ten submissions of the study."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return campaign(tmp_path_factory.mktemp("campaign") / "study", submissions=10)[0]


@pytest.fixture
def study(written: StudyPaths, tmp_path: Path) -> StudyPaths:
    """A copy that a test may change."""
    return StudyPaths(shutil.copytree(written.root, tmp_path / "study"))


def name_tracker(study: StudyPaths, tracker: str, *, texts: bool = False) -> None:
    """Into its study file."""
    settings = TrackingSettings.model_validate({"tracker": tracker, "project": "proj", "texts": texts})
    study.config.write_text(dump_study(load_study(study.config).model_copy(update={"tracking": settings})))


def follow(study: StudyPaths, **environment: str) -> str:
    """Runs the tracker's process on the study, at which nobody works; what it said."""
    command = [sys.executable, "-m", "aarlab.fleet.tracking.main", "--study", str(study.root)]
    own = os.environ | {"PYTHONPATH": str(ROOT / "src"), "HOME": str(study.root.parent)} | environment
    done = subprocess.run(command, env=own, cwd=study.root, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def samples(study: StudyPaths) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (study.root / "tracking" / "samples.jsonl").read_text().splitlines()]


def test_what_is_told_is_what_the_board_and_the_costs_say(study: StudyPaths) -> None:
    name_tracker(study, "jsonl")
    track(study, stop=threading.Event())
    state = State.of(read_events(study.database))
    leader = next(row for row in board(state).rows if row.rank == 1)
    told = samples(study)
    last = told[-1]["numbers"]
    assert (last["count/verified"], last["count/dev_answers"], last["count/incidents"]) == (VERIFIED, 1, 1)
    assert last["spent/dollars"] == pytest.approx(spent_dollars(state))
    assert told[0]["numbers"]["marks/ceiling"] == 1.0
    rows = [one["numbers"] for one in told if "verified/value" in one["numbers"]]
    assert len(rows) == VERIFIED
    assert rows[-1]["best/value"] == leader.value
    assert {"verified/low", "verified/high", "verified/accuracy", "spent/hours", "count/experiments"} <= rows[-1].keys()
    assert all(one["texts"] == {} for one in told)
    kept = "".join(path.read_text() for path in (study.root / "tracking").iterdir())
    assert not [word for word in ("cut 1", "r1", SECRET_HOST, str(study.root), "accuracies", "seed") if word in kept]


def test_words_of_researchers_go_only_where_they_are_asked_for(study: StudyPaths) -> None:
    name_tracker(study, "jsonl", texts=True)
    track(study, stop=threading.Event())
    titles = [one["texts"]["verified/title"] for one in samples(study) if one["texts"]]
    assert titles == [f"cut {number} <b>" for number in range(VERIFIED)]


def test_nothing_is_told_twice(study: StudyPaths) -> None:
    name_tracker(study, "jsonl")
    track(study, stop=threading.Event())
    first = samples(study)
    track(study, stop=threading.Event())
    assert samples(study) == first


def test_a_tracker_that_fails_ends_alone_with_one_line_in_its_log(study: StudyPaths) -> None:
    """However short the session is."""
    name_tracker(study, "jsonl")
    (study.root / "tracking").write_text("in the way")
    with tracking(study, TrackingSettings(tracker="jsonl"), engine=LocalEngine()):
        pass
    follows, failed = (study.logs / LOG).read_text().splitlines()
    assert follows.endswith("follows the ledger")
    assert "nothing more is tracked: FileExistsError" in failed


def test_the_rest_is_sent_when_a_session_ends(study: StudyPaths) -> None:
    name_tracker(study, "jsonl")
    with tracking(study, TrackingSettings(tracker="jsonl"), engine=LocalEngine()):
        pass
    assert samples(study)[-1]["numbers"]["count/verified"] == VERIFIED


def test_off_starts_no_process(study: StudyPaths) -> None:
    with tracking(study, TrackingSettings(), engine=LocalEngine()):
        assert not study.logs.exists()


def test_a_missing_package_is_said_before_anything_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("aarlab.fleet.tracking.choose.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install 'aarlab\[wandb\]'"):
        require_tracker("wandb")
    require_tracker("jsonl")
    require_tracker("")


@pytest.mark.slow
def test_mlflow_keeps_one_run_over_sessions(study: StudyPaths) -> None:
    pytest.importorskip("mlflow")
    name_tracker(study, "mlflow", texts=True)
    follow(study)
    follow(study)
    with sqlite3.connect(study.root / "tracking" / "mlflow.db") as database:
        runs = database.execute("SELECT run_uuid, status FROM runs").fetchall()
        values = database.execute("SELECT value FROM metrics WHERE key = 'verified/value' ORDER BY step").fetchall()
        tags = dict(database.execute("SELECT key, value FROM tags WHERE key LIKE 'verified/title%'").fetchall())
        everything = "\n".join(database.iterdump())
    database.close()
    assert [status for _, status in runs] == ["FINISHED"]
    assert [value for (value,) in values] == board_values(study)
    assert "cut 0 <b>" in tags.values()
    assert SECRET_HOST not in everything


@pytest.mark.slow
def test_tensorboard_reads_back_what_was_written(study: StudyPaths) -> None:
    pytest.importorskip("tensorboardX")
    pytest.importorskip("tensorboard")
    name_tracker(study, "tensorboard", texts=True)
    follow(study)
    code = (
        "import sys, json; from tensorboard.backend.event_processing.event_accumulator import EventAccumulator as E;"
        "e = E(sys.argv[1]); e.Reload();"
        "print(json.dumps([[s.step, s.value] for s in e.Scalars('verified/value')]), e.Tags()['tensors'])"
    )
    command = [sys.executable, "-c", code, str(study.root / "tracking" / "tensorboard")]
    out = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True).stdout
    found = json.loads(out[: out.index("]]") + 2])
    assert [value for _, value in found] == pytest.approx(board_values(study), rel=1e-6)
    assert "verified/title/text_summary" in out


@pytest.mark.slow
def test_wandb_offline_has_the_rows_and_nothing_of_the_machine(study: StudyPaths) -> None:
    pytest.importorskip("wandb")
    name_tracker(study, "wandb")
    follow(study, WANDB_MODE="offline")
    (kept,) = (study.root / "tracking" / "wandb").glob("offline-run-*/*.wandb")
    data = kept.read_bytes()
    assert data.count(b"verified/value") >= VERIFIED
    assert b"proj" in data
    for word in (os.uname().nodename, os.uname().release, SECRET_HOST, "cut 0"):
        assert word.encode() not in data, word


@pytest.mark.slow
def test_trackio_keeps_the_rows_on_this_machine(study: StudyPaths) -> None:
    pytest.importorskip("trackio")
    name_tracker(study, "trackio")
    place = study.root / "trackio"
    follow(study, TRACKIO_DIR=str(place))
    (database,) = place.glob("proj*.db")
    with sqlite3.connect(database) as connection:
        rows = [json.loads(text) for (text,) in connection.execute("SELECT metrics FROM metrics ORDER BY step")]
    connection.close()
    assert [row["verified/value"] for row in rows if "verified/value" in row] == board_values(study)


def board_values(study: StudyPaths) -> list[float]:
    """Of verified rows, in the order of their answers."""
    state = State.of(read_events(study.database))
    return [one.value for one in state.submissions.values() if one.door == "verify" and one.value is not None]
