"""The main job as a user sees it: a small real study is stopped with Ctrl-C, goes on, and takes a person's method."""

import json
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from aarlab.paths import StudyPaths
from tests.support.cli import ROOT, Ended, aarlab, on_terminal, start
from tests.support.terminal import Terminal

SETTINGS = [
    *("--set", "study.researchers=2", "--set", "study.seed=7", "--set", "budget.minutes=0.4"),
    *("--set", "budget.verifications=12", "--set", "verify.seeds=2", "--set", "verify.answer_every=0"),
    *("--set", "tracking=jsonl"),
    *("--name", "small"),
]
SECONDS = 280


@dataclass(frozen=True)
class Story:
    """What happened, in order."""

    folder: Path
    first_sign: float
    watched: Ended
    screen: str
    stopped: Ended
    resumed: Ended

    @property
    def study(self) -> StudyPaths:
        return StudyPaths(self.folder / "studies" / "small")

    def show(self, *arguments: str) -> Ended:
        return aarlab(*arguments, cwd=self.folder)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("user")
    begin = time.monotonic()
    with start("run", *SETTINGS, cwd=folder) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        first_sign = time.monotonic() - begin
        while "proposes" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], (lines, process.stderr and process.stderr.read())
        watched = _watch(folder)
        with Terminal("watch", cwd=folder) as terminal:
            screen = terminal.until("Ctrl-C leaves this view; the study goes on.")
            terminal.process.send_signal(signal.SIGINT)
            assert terminal.end() == 0
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    stopped = Ended(process.returncode, "".join(lines) + out, err)
    return Story(folder, first_sign, watched, screen, stopped, aarlab("resume", cwd=folder, timeout=SECONDS))


def _watch(folder: Path) -> Ended:
    """Somebody looks on and leaves with Ctrl-C."""
    with start("watch", cwd=folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read(), process.stderr.read()
    return Ended(process.returncode, line + out, err)


def test_there_is_life_at_once(story: Story) -> None:
    assert story.first_sign < 3.0  # below half a second on a machine that does nothing else


def test_who_watches_sees_the_news_and_leaves_the_study_running(story: Story) -> None:
    assert (story.watched.status, story.watched.err) == (0, "")
    assert re.search(r"^\d+:\d\d r\d (starts|posts|proposes)", story.watched.out, flags=re.MULTILINE)
    assert story.watched.out.endswith("the study goes on; `aarlab watch` looks again, `aarlab stop` stops it\n")
    assert all(word in story.screen for word in ("Researchers", "News", "r1", "r2", " left, $"))


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(story: Story) -> None:
    assert (story.stopped.status, story.stopped.err) == (130, "")
    assert "stopped: " in story.stopped.out
    assert f"to go on: aarlab resume --study {story.study.root}" in story.stopped.out


def test_resume_goes_on_to_a_verified_board(story: Story) -> None:
    assert (story.resumed.status, story.resumed.err) == (0, "")
    board = json.loads(story.show("board", "--json").out)
    best = next(row for row in board["rows"] if row["rank"] == 1)
    assert best["low"] <= best["value"] <= best["high"]
    assert {"weak teacher", "ceiling", "vanilla"} <= {row["name"] for row in board["rows"] if row["kind"] == "mark"}
    for words in ("Verified board of w2s/chat", "Forum", "Costs", "working time", "report: ", "finished: "):
        assert words in story.resumed.out


def test_a_tracker_is_told_of_both_sessions_once(story: Story) -> None:
    log = (story.study.logs / "tracking.log").read_text().splitlines()
    assert [line.partition(",")[2][4:] for line in log] == ["follows the ledger"] * 2
    told = [json.loads(line) for line in (story.study.root / "tracking" / "samples.jsonl").read_text().splitlines()]
    steps = [one["step"] for one in told]
    assert steps == sorted(set(steps))
    board = json.loads(story.show("board", "--json").out)
    done = [row for row in board["rows"] if row["kind"] == "method"]
    assert told[-1]["numbers"]["count/verified"] == len(done)
    values = sorted(one["numbers"]["verified/value"] for one in told if "verified/value" in one["numbers"])
    assert values == sorted(row["value"] for row in done if row["value"] is not None)


def test_what_it_left_behind_is_whole(story: Story) -> None:
    assert story.show("ledger", "verify").status == 0
    status = json.loads(story.show("status", "--json").out)
    assert (status["state"], status["orchestrator"], status["pending"]) == ("finished", False, 0)
    assert status["budgets"]["verifications"] < 12
    costs = json.loads(story.show("costs", "--json").out)
    assert costs["dollars"] > 0
    assert story.study.report.stat().st_size < 10_000_000
    assert "study.seed was fixed (7)" in story.study.report.read_text()


def test_stop_says_when_there_is_nothing_to_stop(story: Story) -> None:
    done = story.show("stop")
    assert done.status == 0
    assert "nobody is at work on it" in done.out


@pytest.mark.slow
def test_a_person_hands_in_a_method_once(story: Story) -> None:
    example = ROOT / "examples" / "agreement"
    words = ("submit", str(example), "--title", "Agreement", "--proposal", str(example / "proposal.md"), "--json")
    first, again = story.show(*words), story.show(*words)
    assert (first.status, first.err) == (0, "")
    assert json.loads(first.out)["researcher"].startswith("person-")
    assert again == first
    rows = json.loads(story.show("board", "--json").out)["rows"]
    assert [row["name"] for row in rows if row["researcher"].startswith("person-")] == ["Agreement"]


def test_submit_refuses_what_is_no_method(story: Story, tmp_path: Path) -> None:
    (tmp_path / "proposal.md").write_text("because")
    words = ("--title", "none", "--proposal", str(tmp_path / "proposal.md"), "--study", str(story.study.root))
    done = aarlab("submit", str(tmp_path), *words, cwd=story.folder)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "a method is a folder with a file method.py" in done.err
    (tmp_path / "method.py").write_bytes(b"\xff")
    assert "is not UTF-8 text" in aarlab("submit", str(tmp_path), *words, cwd=story.folder).err


def test_the_same_name_is_not_taken_twice(story: Story) -> None:
    done = aarlab("run", "--name", "small", cwd=story.folder)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "aarlab resume" in done.err


def test_on_a_terminal_there_is_a_screen_that_is_gone_at_the_end(story: Story) -> None:
    done = on_terminal("resume", cwd=story.folder, timeout=SECONDS)
    assert done.status == 0, done.out
    for words in ("Researchers", "Ctrl-C stops; `aarlab resume` goes on.", "Verified board of w2s/chat"):
        assert words in done.out
    assert "Ctrl-C stops" not in done.out.rsplit("Forum", 1)[1]
    assert "finished: " in done.out
