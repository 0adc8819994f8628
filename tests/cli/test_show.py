"""What commands show of a study that has ended: for people, for programs, and without a way to drive the terminal."""

import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from aarlab.fleet.study import create_study
from aarlab.lab.sqlite_store import read_events
from aarlab.paths import StudyPaths
from aarlab.studyfile import build_config
from tests.support.cli import Ended, aarlab, closed_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return closed_study(tmp_path_factory.mktemp("studies") / "toy")


def on(study: StudyPaths, *arguments: str) -> Ended:
    """A command about the study, found as the latest one."""
    return aarlab(*arguments, cwd=study.root, AARLAB_STUDIES=str(study.root.parent))


@pytest.mark.parametrize("command", ["status", "board", "forum", "costs", "log", "watch"])
def test_people_get_text_that_cannot_drive_a_terminal(study: StudyPaths, command: str) -> None:
    done = on(study, command)
    assert (done.status, done.err) == (0, "")
    assert "r1" in done.out
    assert not set(done.out) & {"\x1b", "\x9b", "\u202e", "\x07", "\r"}


@pytest.mark.parametrize("command", ["status", "board", "forum", "costs", "watch"])
def test_programs_get_json(study: StudyPaths, command: str) -> None:
    assert json.loads(on(study, command, "--json").out)


@pytest.mark.parametrize("command", ["forum", "log"])
def test_json_means_the_same_and_cannot_drive_a_terminal_either(study: StudyPaths, command: str) -> None:
    out = on(study, command, "--json").out
    assert not set(out) & {"\x1b", "\x9b", "\u202e"}
    assert "\\u202e" in out
    assert "\\u009b31m" in out


def test_board_shows_verified_rows_and_marks(study: StudyPaths) -> None:
    rows = json.loads(on(study, "board", "--json").out)["rows"]
    assert [(row["rank"], row["kind"]) for row in rows] == [
        (1, "method"),
        (None, "mark"),
        (None, "mark"),
        (None, "mark"),
    ]
    shown = on(study, "board").out
    assert all(word in shown for word in ("PGR", "95 % interval", "threshold", "weak teacher", "ceiling"))


def test_forum_marks_what_was_corrected_and_takes_numbers_from_the_lab(study: StudyPaths) -> None:
    posts = json.loads(on(study, "forum", "--json").out)
    assert posts[0]["corrected_by"] == [posts[1]["id"]]
    assert posts[0]["submission"]["value"] is not None
    shown = on(study, "forum").out
    assert "corrected by" in shown
    assert "PGR +" in shown


def test_one_post_is_shown_whole(study: StudyPaths) -> None:
    posts = json.loads(on(study, "forum", "--json").out)
    shown = on(study, "forum", posts[0]["id"][:8]).out
    assert "result by r1, +1 votes, PGR +" in shown
    assert "# Big" in shown
    assert "\u202e" not in shown
    done = on(study, "forum", "f-none")
    assert (done.status, done.err.count("\n")) == (2, 1)


def test_status_tells_what_is_left(study: StudyPaths) -> None:
    state = json.loads(on(study, "status", "--json").out)
    assert state["orchestrator"] is False
    assert state["budgets"]["dev_answers"] == 35
    assert state["budgets"]["verifications"] == 11


def test_costs_say_what_an_hour_and_a_gain_have_cost(study: StudyPaths) -> None:
    told = json.loads(on(study, "costs", "--json").out)
    rows = json.loads(on(study, "board", "--json").out)["rows"]
    gain = rows[0]["low"] - next(row["value"] for row in rows if row["name"] == "vanilla")
    assert gain > 0
    assert told["worth"]["gain"] == pytest.approx(gain)
    assert told["worth"]["dollars"] == pytest.approx(told["dollars"] / gain)
    assert told["worth"]["metric"] == "score"  # the toy's card names none
    assert told["total"]["dollars"] == pytest.approx(told["dollars"])
    assert told["model_share"] == 0
    assert told["per_researcher_hour"] is None  # nobody ran a session
    shown = on(study, "costs").out
    assert "dollars per researcher-hour: -: nobody has worked yet" in shown
    assert "for each 1.0 of score gained: the lower end of the best row's interval is" in shown


def test_prices_in_force_are_shown_with_their_source(tmp_path: Path) -> None:
    table = {"name": "openai-chat/mine", "input": 0.5, "output": 2.0, "cache_read": 0.05, "as_of": date(2026, 11, 1)}
    raw = {"minds": {"kind": "llm", "model": "openai-chat/mine"}, "price": {"model": [table]}}
    paths = create_study(build_config(raw, source="test"), folder=tmp_path / "s")
    told = json.loads(aarlab("costs", "--prices", "--json", "--study", paths.root, cwd=tmp_path).out)
    assert told["models"] == [
        {
            "model": "openai-chat/mine",
            "source": "settings, as of 2026-11-01",
            "rates": {"input": 0.5, "output": 2.0, "cache_read": 0.05, "cache_write": 0.5},
        }
    ]
    shown = aarlab("costs", "--prices", "--study", paths.root, cwd=tmp_path).out
    assert "settings, as of 2026-11-01" in shown
    assert "a core-hour $0.04, a GPU-hour $2.5" in shown


def test_log_is_the_ledger(study: StudyPaths) -> None:
    lines = [json.loads(line) for line in on(study, "log", "--json").out.splitlines()]
    assert [line["hash"] for line in lines] == [event.hash for event in read_events(study.database)]
    assert len(on(study, "log", "--after", str(len(lines) - 2)).out.splitlines()) == 2
    digest = on(study, "log", "--digest").out.strip()
    assert len(digest) == 64
    assert on(study, "log", "--digest").out.strip() == digest


def test_ledger_verifies_and_shows_tampering(study: StudyPaths, tmp_path: Path) -> None:
    done = on(study, "ledger", "verify", "--json")
    assert done.status == 0
    head = json.loads(done.out)["head"]
    assert on(study, "ledger", "verify", "--head", head).status == 0
    assert on(study, "ledger", "verify", "--head", "0" * 63 + "1").status == 1
    forged = _forge(study, tmp_path)
    done = aarlab("ledger", "verify", "--study", forged, cwd=tmp_path)
    assert done.status == 1
    assert "was changed after it was written" in done.out


def _forge(study: StudyPaths, folder: Path) -> Path:
    """A copy of the study in which one body was edited behind the triggers' back."""
    copy = folder / "forged"
    copy.mkdir()
    for name in ("study.toml", "lab.db"):
        shutil.copy(study.root / name, copy / name)
    with sqlite3.connect(copy / "lab.db") as connection:
        connection.execute("DROP TRIGGER ledger_update")
        connection.execute(
            """UPDATE ledger SET body = replace(body, '"value":1', '"value":-1') WHERE kind = 'vote.cast'"""
        )
    return copy


def test_a_closed_pipe_is_not_an_error_message(study: StudyPaths) -> None:
    command = f"{sys.executable} -m aarlab.cli.main log --json --study {study.root} | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2] / "src"
    )
    assert done.stdout.startswith("{")
    assert done.stderr == ""


def test_what_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    for command in ("status", "board", "forum", "costs", "log", "report", "resume", "stop", "watch"):
        done = aarlab(command, cwd=tmp_path)
        assert done.status == 2
        assert done.err.count("\n") == 1
        assert "there is no study yet" in done.err
    done = aarlab("board", "--study", "nowhere", cwd=tmp_path)
    assert done.status == 2
    assert done.err.startswith("aarlab: nowhere: there is no study here")
    assert list(tmp_path.iterdir()) == []
