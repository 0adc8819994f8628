"""Verify: fixed words, one answer a method, a board that ranks by the lower bound, and rows that can be repeated."""

from pathlib import Path

import pytest

from aarlab.errors import ResearcherError
from aarlab.lab.rerun import Bench, rerun, score_body
from aarlab.sandbox.runtime import build_runtime
from aarlab.sandbox.select import select
from aarlab.studyfile import load_study
from aarlab.wire import FindingRequest
from tests.api.conftest import Begin
from tests.support.lab import GOOD, LabProcess, Member, until
from tests.support.toy import BROKEN_GRADER, HELD_OUT, ToyProblem, ToySettings

FAILING = {
    "error": f"raise SystemExit({HELD_OUT!r})",
    "timeout": "while True: pass",
    "oom": "x = bytearray(10**9)\nx[::4096] = b'x' * len(x[::4096])",
    "malformed": "def train(data, seed):\n    return b'no number'",
}


def code(threshold: float) -> str:
    return f"def train(data, seed):\n    return b'{threshold}'\n"


@pytest.fixture(scope="module")
def quick(begin: Begin) -> LabProcess:
    """A lab with little patience."""
    return begin({"verify": {"seconds": 4.0}})


@pytest.mark.parametrize("word", FAILING)
def test_what_goes_wrong_is_one_fixed_word(quick: LabProcess, word: str) -> None:
    r1 = quick.admit("r1")
    seen = r1.prove(FAILING[word], title=word)
    assert (seen.status, seen.value, seen.low, seen.high, seen.facts, seen.refusal) == (
        word,
        None,
        None,
        None,
        {},
        None,
    )
    (row,) = [row for row in r1.board().rows if row.submission == seen.id]
    assert (row.rank, row.status, row.value, row.name) == (None, word, None, word)
    finished = [event for event in quick.events() if event.kind == "verify.finished"][-1]
    assert len(finished.body["runs"]) == len(finished.body["seeds"]) == 2


def test_other_ways_to_hand_in_nothing(quick: LabProcess) -> None:
    r1 = quick.admit("r1")
    assert r1.prove("def train(data, seed):\n    raise SystemExit(0)").status == "malformed"
    target = "f'/work/out/{seed}/student.safetensors'"
    link = f"import os\ndef train(data, seed):\n    os.symlink('/data/inputs.json', {target})"
    assert r1.prove(f"{link}\n    raise SystemExit(0)").status == "malformed"
    assert r1.prove("def train(data, seed):\n    return b'1' * (17 << 20)").status in ("malformed", "error")


def test_a_mistake_in_the_problem_s_code_ends_the_row_only(quick: LabProcess) -> None:
    r1 = quick.admit("r1")
    assert r1.prove(f"def train(data, seed):\n    return {BROKEN_GRADER!r}").status == "error"
    assert r1.ask(BROKEN_GRADER, b"0.5", b"0.5").status == "error"
    assert r1.prove(GOOD).status == "ok"
    assert HELD_OUT not in quick.log.read_text()


def test_nobody_else_s_files_and_no_leftovers_are_in_a_run(quick: LabProcess) -> None:
    probe = (
        "import os\ndef train(data, seed):\n"
        "    seen = [sorted(os.listdir(p)) for p in ('/data', '/method', '/work', '/work/out')]\n"
        "    good = seen == [['inputs.json'], ['method.py'], ['out'], [str(seed)]]\n"
        "    return b'0.5' if good and not os.path.exists('/sock') else b'0.0'"
    )
    r1 = quick.admit("r1")
    assert r1.prove(probe).value == pytest.approx(1.0)


def test_the_same_files_are_verified_once_whoever_froze_them(lab: LabProcess) -> None:
    r1, r2 = lab.admit("r1"), lab.admit("r2")
    first = r1.prove(GOOD, title="the first")
    left = r1.me().budgets.verifications
    again = {
        (seen.id, seen.value, seen.low) for _ in range(5) for seen in (r1.prove(GOOD), r2.prove(GOOD, title="mine"))
    }
    assert again == {(first.id, first.value, first.low)}
    assert first.researcher == "r1"
    assert r2.me().budgets.verifications == left
    assert [row.name for row in r2.board().rows if row.submission == first.id] == ["the first"]


def test_the_board_ranks_by_the_lower_bound(lab: LabProcess) -> None:
    r1 = lab.admit("r1")
    for threshold in (0.4, 0.45, 0.3):
        assert r1.prove(code(threshold), title=f"threshold {threshold}").status == "ok"
    rows = r1.board().rows
    ranked = [row for row in rows if row.rank is not None]
    assert [row.rank for row in ranked] == list(range(1, len(ranked) + 1))
    lows = [row.low or 0.0 for row in ranked]
    assert lows == sorted(lows, reverse=True)
    until(lambda: [row.name for row in r1.board().rows if row.kind == "mark"] == ["ceiling", "vanilla", "weak teacher"])
    assert all(row.rank is None for row in r1.board().rows if row.kind == "mark")


def test_draws_differ_by_study_and_the_seeds_stay_in_the_ledger(begin: Begin, lab: LabProcess) -> None:
    other = begin({"study": {"seed": 2}})
    here, there = lab.admit("r1"), other.admit("r1")
    assert here.prove(code(0.35)).value != there.prove(code(0.35)).value
    seeds = [event.body["seeds"] for event in other.events() if event.kind == "verify.finished"]
    told = there.board().model_dump_json() + there.prove(code(0.35)).model_dump_json() + there.me().model_dump_json()
    assert not any(str(seed) in told for row in seeds for seed in row)


def test_a_row_can_be_repeated_from_its_snapshot_and_seeds(lab: LabProcess, tmp_path: Path) -> None:
    r1 = lab.admit("r1")
    seen = r1.prove(code(0.42))
    (done,) = [e.body for e in lab.events() if e.kind == "verify.finished" and e.body["id"] == seen.id]
    problem, config = ToyProblem(ToySettings()), load_study(lab.paths.config)
    folder = lab.paths.runtime / "replay" / tmp_path.name
    bench = Bench(problem, select("auto"), build_runtime(problem.kit()), config, folder)
    verdict = rerun(bench, r1.get_snapshot(seen.snapshot).files, done["seeds"], uid=lab.paths.uid(1000))
    assert verdict.score is not None
    assert score_body(verdict.score) == done["score"]


def test_a_refused_value_is_said_and_does_not_rank(begin: Begin) -> None:
    r1 = begin({"problem": {"refuse": True}}).admit("r1")
    seen = r1.prove()
    assert (seen.status, seen.value, seen.refusal) == ("ok", None, "the gap is not above zero")
    (row,) = [row for row in r1.board().rows if row.kind == "method"]
    assert (row.rank, row.note) == (None, "the gap is not above zero")


def test_results_without_isolation_do_not_rank(begin: Begin) -> None:
    r1 = begin({"sandbox": {"backend": "unsafe-local"}}).admit("r1")
    assert r1.prove().value == pytest.approx(1.0)
    (row,) = [row for row in r1.board().rows if row.kind == "method"]
    assert row.rank is None
    assert "does not rank" in row.note


def test_results_on_the_forum_are_the_lab_s(lab: LabProcess) -> None:
    r1, r2 = lab.admit("r1"), lab.admit("r2")
    seen = r1.prove(code(0.44), title="words")
    for kind in ("result", "negative result"):
        with pytest.raises(ResearcherError, match="names the submission"):
            r1.finding(FindingRequest.model_validate({"kind": kind, "title": "0.99!", "text": "believe me"}))
    post = r1.finding(
        FindingRequest(kind="result", title="found", text="see", submission=seen.id, cites=(seen.snapshot,))
    )
    (shown,) = [finding for finding in r2.forum() if finding.id == post]
    assert shown.submission == seen
    assert shown.author == "r1"


def test_a_failed_or_unfinished_submission_shows_nothing(quick: LabProcess) -> None:
    r1 = quick.admit("r1")
    failed = r1.prove(FAILING["error"])
    slow = r1.prove("import time\ntime.sleep(1.5)\n" + GOOD, wait=0)
    for submission, hint in ((failed.id, "post it as an error"), (slow.id, "wait for it")):
        with pytest.raises(ResearcherError, match=hint):
            r1.finding(FindingRequest(kind="result", title="t", text="x", submission=submission))
    r1.finding(FindingRequest(kind="error", title="t", text="x", submission=failed.id))
    assert r1.submission(slow.id, wait=30).status == "ok"


def test_a_new_door_for_each_researcher_while_others_wait(quick: LabProcess) -> None:
    r1 = quick.admit("r1")
    slow = r1.prove("import time\ntime.sleep(1)\n" + GOOD, wait=0)
    newcomer: Member = quick.admit("newcomer")
    assert newcomer.submission(slow.id).status in ("queued", "running")
    assert newcomer.submission(slow.id, wait=30).status == "ok"
