"""A problem with several benchmarks on a real lab: what ranks, what is gated, what nobody learns of the hidden one."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from aarlab.fleet.forum_files import ForumFiles
from aarlab.wire import BoardRow, FinalRequest, FindingRequest
from tests.api.conftest import Begin
from tests.api.test_non_interference import Answers, Tape
from tests.support.behaviours import HIDDEN, KIND
from tests.support.cli import aarlab
from tests.support.forge import Entries, copy_of, new_chain
from tests.support.lab import ROOT, LabProcess, Member, until

HONEST = (ROOT / "examples" / "bring_your_own" / "honest" / "method.py").read_text()
SETTINGS: dict[str, dict[str, Any]] = {
    "problem": {"kind": KIND},
    "verify": {"seeds": 3, "controls": 0},
    "price": {"cpu_hour": 0.0},
}


def policy(*numbers: float) -> str:
    return f"def train(data, seed):\n    return {list(numbers)}\n"


METHODS = {
    "honest": HONEST,
    "never agrees": policy(0, 0, 0, 0, -1),
    "one benchmark": policy(1, 0, 1, 1, 0),
    "blind to the hidden": policy(1, 0, 0, 1, 0),
}


@pytest.fixture(scope="module")
def lab(begin: Begin) -> LabProcess:
    """A lab on the example, with four methods verified."""
    lab = begin(SETTINGS)
    r1 = lab.admit("r1")
    until(lambda: any(event.kind == "marks.scored" for event in lab.events()), seconds=60)
    for title, code in METHODS.items():
        assert r1.prove(code, title=title, wait=90).status == "ok"
    return lab


@pytest.fixture
def r1(lab: LabProcess) -> Iterator[Member]:
    with lab.member("r1") as member:
        yield member


def rows_of(lab: LabProcess) -> dict[str, BoardRow]:
    with lab.operator() as operator:
        return {row.name: row for row in operator.board().rows}


def test_an_honest_method_ranks_with_the_geometric_mean(r1: Member) -> None:
    row = {row.name: row for row in r1.board().rows}["honest"]
    one, other = (row.facts["benchmarks"][name]["fraction"] for name in ("pressure", "praise"))
    assert row.value == pytest.approx((one * other) ** 0.5)
    assert (row.rank, row.note, row.new_best) == (1, "", True)
    assert (row.value or 0) > 0.8
    assert 0.5 < (row.low or 0) < (row.value or 0) < (row.high or 0)
    assert row.facts["gates"]["skill"]["verdict"] == "kept"


def test_who_gives_up_the_capability_is_gated(r1: Member) -> None:
    row = {row.name: row for row in r1.board().rows}["never agrees"]
    assert (row.rank, row.value, row.low, row.high, row.status, row.new_best) == (None, None, None, None, "ok", False)
    assert row.note.startswith("gated: it gives up a capability: skill is 0.")
    assert [entry["fraction"] for entry in row.facts["benchmarks"].values()] == [1.0, 1.0]
    seen = r1.submission(str(row.submission))
    assert (seen.value, seen.refusal) == (None, row.note)


def test_one_benchmark_alone_is_little(r1: Member) -> None:
    rows = {row.name: row for row in r1.board().rows}
    row = rows["one benchmark"]
    assert row.facts["benchmarks"]["pressure"]["fraction"] > 0.8
    assert (row.value or 0) < 0.35
    assert (row.low, row.rank, row.new_best) == (0.0, 3, False)
    assert rows["vanilla"].value == 0.0


def test_the_operator_sees_the_hidden_benchmark(lab: LabProcess) -> None:
    rows = rows_of(lab)
    assert rows["honest"].private["benchmarks"][HIDDEN]["fraction"] > 0.8
    blind = rows["blind to the hidden"]
    assert blind.private["benchmarks"][HIDDEN]["fraction"] < 0.1
    assert (blind.private["value"], blind.value) == (pytest.approx(0, abs=0.45), pytest.approx(0.87, abs=0.06))
    assert set(rows["vanilla"].private["benchmarks"]) == {HIDDEN}
    shown = aarlab("board", "--json", "--study", lab.paths.root, cwd=lab.paths.root)
    told = {row["name"]: row["private"] for row in json.loads(shown.out)["rows"]}
    assert told == {name: row.private for name, row in rows.items()}


def numbers(value: Any) -> Iterator[str]:
    """All numbers within, as they would be printed, but for those that others may have too: short ones and means."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from numbers(entry if name not in ("mean", "base") else None)
    elif isinstance(value, float) and len(str(value)) > 8:
        yield str(value)


def test_no_byte_of_the_hidden_benchmark_comes_to_a_researcher(lab: LabProcess, r1: Member) -> None:
    rows = rows_of(lab)
    secret = {text for row in rows.values() for text in numbers(row.private)}
    assert len(secret) > 20
    for name, row in rows.items():
        if row.submission:
            post = {"kind": "result", "title": name, "text": "see", "submission": row.submission}
            r1.finding(FindingRequest.model_validate(post))
    with closing(Tape(lab.socket("r1"))) as tape:
        for path in ("me", "problem", "board", "forum", "notes"):
            tape.ask("GET", f"/v1/{path}")
        for row in rows.values():
            if row.submission:
                tape.ask("GET", f"/v1/submissions/{row.submission}")
                tape.ask("GET", f"/v1/snapshots/{row.snapshot}")
        told = [answer for _, _, answer in tape.answers]
    files: dict[str, bytes] = {}
    ForumFiles(files.__setitem__).sync(r1.forum())
    told += [*files.values(), *(path.read_bytes() for path in lab.paths.data().iterdir())]
    told += [lab.log.read_bytes()]
    assert any(b'"pressure"' in one for one in told), "the test would find a benchmark"
    for word in (HIDDEN, *secret):
        assert not any(word.encode() in one for one in told), word
    assert all("private" not in row.model_dump() for row in r1.board().rows)


def test_another_hidden_truth_changes_no_byte_that_a_researcher_sees(begin: Begin) -> None:
    seen = record(begin, KIND)
    assert {status for _, status, _ in seen} == {200}
    assert record(begin, "tests.support.behaviours:Elsewhere") == seen


def record(begin: Begin, kind: str) -> Answers:
    """A session with a dev answer, a verification, a post and the board."""
    lab = begin({**SETTINGS, "problem": {"kind": kind}})
    lab.admit("r1")
    until(lambda: any(event.kind == "marks.scored" for event in lab.events()), seconds=60)
    with closing(Tape(lab.socket("r1"))) as tape:
        work = {
            "proposal": tape.ask("POST", "/v1/proposals", {"title": "honest", "text": "because"})["id"],
            "snapshot": tape.ask("POST", "/v1/snapshots", {"files": {"method.py": HONEST}, "message": "m"})["id"],
        }
        students = [json.dumps([1, 0, 0, share, 0]).encode() for share in (0, 0.5, 1)]
        blobs = [tape.ask("PUT", "/v1/blobs", student)["id"] for student in students]
        tape.ask("POST", "/v1/dev?wait=30", {**work, "students": blobs})
        seen = tape.ask("POST", "/v1/verify?wait=30", work)["id"]
        with lab.member("r1") as member:
            until(lambda: member.submission(seen).status == "ok", seconds=90)
        tape.ask("POST", "/v1/findings", {"kind": "result", "title": "t", "text": "x", "submission": seen})
        for path in (f"submissions/{seen}", "board", "forum", "me"):
            tape.ask("GET", f"/v1/{path}")
        private = rows_of(lab)["honest"].private
        assert HIDDEN in private["benchmarks"]
        inputs = [(path.name, 200, path.read_bytes()) for path in sorted(lab.paths.data().iterdir())]
        return [answer for answer in tape.answers if "wait" not in answer[0]] + inputs


@pytest.mark.slow
def test_the_final_set_counts_it_and_a_replay_reproduces_the_row(begin: Begin) -> None:
    lab = begin(SETTINGS)
    seen = lab.admit("r1").prove(METHODS["blind to the hidden"], title="blind", wait=90)
    with lab.operator() as operator:
        until(lambda: not operator.state().pending)
        operator.name_finalists(FinalRequest(submissions=(seen.id,)))
        operator.open_final()
        until(lambda: operator.final().phase == "opened", seconds=90)
        final = operator.final()
    (row,) = [row for row in final.rows if row.kind == "method"]
    assert (row.value or 0) < 0.45 < 0.7 < (seen.value or 0)
    assert final.words.startswith("Each interval is that of its row alone")
    assert lab.stop() == 0
    done = aarlab("replay", seen.id, "--json", "--study", lab.paths.root, cwd=lab.paths.root)
    told = json.loads(done.out)
    assert (done.status, told["same"], told["differences"]) == (0, True, []), done.err
    assert HIDDEN in told["recorded"]["score"]["private"]["benchmarks"]
    old = copy_of(lab.paths, lab.paths.root.parent / "old")
    new_chain(old.database, without_private)
    assert json.loads(aarlab("replay", seen.id, "--json", "--study", old.root, cwd=old.root).out)["same"]
    board = json.loads(aarlab("board", "--json", "--study", old.root, cwd=old.root).out)
    assert [row["private"] for row in board["rows"]] == [{}] * 3
    report = aarlab("report", "--study", lab.paths.root, cwd=lab.paths.root)
    assert report.status == 0, report.err
    assert HIDDEN in lab.paths.report.read_text()


def without_private(entries: Entries) -> Entries:
    """A ledger as it was before scores had a private part."""
    for entry in entries:
        if entry["kind"] == "verify.finished":
            del entry["body"]["score"]["private"]
        for mark in entry["body"].get("marks", {}).values() if entry["kind"] == "marks.scored" else ():
            del mark["private"]
    return entries
