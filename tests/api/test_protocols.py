"""The protocols "student" and "predictions" end to end: files in, rows that say how they were made, one opening."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from aarlab.errors import ResearcherError
from aarlab.lab.events import content_digest
from aarlab.w2s import Task
from aarlab.w2s.methods import METHODS
from aarlab.wire import TRUST, DevRequest, FinalRequest, FindingRequest, ProtocolName, Submission, VerifyRequest
from tests.api.conftest import Begin
from tests.support.cli import aarlab
from tests.support.lab import LabProcess, Member, until

SEALED = {"kind": "tests.support.sealed:Sealed"}
PROTOCOLS: tuple[ProtocolName, ...] = ("student", "predictions")
Files = tuple[bytes, ...]


def begun(begin: Begin, protocol: ProtocolName, **verify: float) -> LabProcess:
    return begin({"problem": SEALED, "verify": {"protocol": protocol, **verify}, "budget": {"verifications": 4}})


def trained(lab: LabProcess, protocol: ProtocolName, method: str) -> tuple[Files, Files]:
    """What a researcher can make of a ready-made method with what is in /data: files for dev, and for verify."""
    data = lab.paths.data()
    task = Task.load(data)
    students = [METHODS[method](task, seed=seed) for seed in range(3)]
    if protocol == "student":
        files = tuple(student.to_bytes() for student in students)
        return files, files
    inputs = load_file(data / "inputs.safetensors")
    dev, hidden = (
        tuple(json.dumps((student.predict(inputs[name]) > 0).astype(int).tolist()).encode() for student in students)
        for name in ("dev", "hidden")
    )
    return dev, hidden


def ask(member: Member, files: Files) -> Submission:
    blobs = tuple(member.put_blob(file) for file in files)
    return member.dev(DevRequest(proposal=member.plan(), snapshot=member.method(), students=blobs))


def prove(member: Member, files: Files, *, title: str = "a plan", wait: float = 60.0) -> Submission:
    blobs = tuple(member.put_blob(file) for file in files)
    request = VerifyRequest(proposal=member.plan(title), snapshot=member.method(), students=blobs)
    return member.verify(request, wait=wait)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_from_files_to_the_final_set(begin: Begin, protocol: ProtocolName) -> None:
    lab = begun(begin, protocol)
    r1, r2 = lab.admit("r1"), lab.admit("r2")
    assert r1.problem().protocol == protocol
    until(lambda: any(row.name == "vanilla" for row in r1.board().rows))
    dev, files = trained(lab, protocol, "self_training")
    told = ask(r1, dev)
    assert (told.status, told.protocol) == ("ok", protocol)
    assert told.answer is not None
    seen = prove(r1, files, title="the first")
    assert (seen.status, seen.protocol) == ("ok", protocol)
    assert seen.value is not None
    assert "teacher_free" not in seen.facts
    assert prove(r2, files[::-1]) == seen, "the same files in another order are the same submission"
    assert r2.me().budgets.verifications == 3
    assert prove(r2, files[:1] * 3).id != seen.id
    (row,) = [row for row in r1.board().rows if row.submission == seen.id]
    assert (row.rank is not None, row.protocol, row.name) == (True, protocol, "the first")
    assert row.note == TRUST[protocol]
    post = r1.finding(FindingRequest(kind="result", title="found", text="see", submission=seen.id))
    assert next(one for one in r2.forum() if one.id == post).submission == seen
    marks = {mark.name: mark for mark in r1.board().rows if mark.kind == "mark"}
    assert marks["ceiling"].value == 1
    vanilla = prove(r2, trained(lab, protocol, "vanilla")[1], title="vanilla")
    assert vanilla.facts["transfer_acc"] == marks["vanilla"].facts["transfer_acc"], "marks stand on the same items"
    opened(lab, seen.id, protocol)


def opened(lab: LabProcess, submission: str, protocol: ProtocolName) -> None:
    with lab.operator() as operator:
        operator.name_finalists(FinalRequest(submissions=(submission,)))
        operator.open_final()
        lab.kill()
        lab.start()
        until(lambda: operator.final().phase == "opened", seconds=60)
        found = operator.final()
    (row,) = [row for row in found.rows if row.kind == "method"]
    assert (row.status, row.protocol) == ("ok", protocol)
    assert row.accuracy is not None
    assert row.accuracy > 0.6
    kinds = [event.kind for event in lab.events()]
    assert [kinds.count(kind) for kind in ("final.opening", "final.opened")] == [1, 1]
    (body,) = [event.body for event in lab.events() if event.kind == "final.opened"]
    assert body["finalists"][submission]["seeds"] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_malformed_files_are_a_word_and_cost_one(begin: Begin, protocol: ProtocolName) -> None:
    lab = begun(begin, protocol)
    r1 = lab.admit("r1")
    dev, files = trained(lab, protocol, "vanilla")
    bad = (*files[:2], b"[0, 1, held-out-word-4711]")
    for number in range(2):
        seen = prove(r1, bad, title="bad")
        assert (seen.status, seen.value, seen.facts) == ("malformed", None, {})
        assert r1.me().budgets.verifications == 3, number
    (row,) = [row for row in r1.board().rows if row.kind == "method"]
    assert (row.rank, row.status) == (None, "malformed")
    assert ask(r1, (*dev[:2], bad[2])).status == "malformed"
    assert r1.me().budgets.dev_answers == 35
    assert "4711" not in lab.log.read_text()
    request = VerifyRequest(proposal=r1.plan(), snapshot=r1.method())
    blobs = tuple(r1.put_blob(file) for file in files)
    for students, words in (((), "this one has 0"), (blobs[:2], "this one has 2"), ((*blobs[:2], "f" * 64), "no blob")):
        with pytest.raises(ResearcherError, match=words):
            r1.verify(request.model_copy(update={"students": students}))
    assert r1.me().budgets.verifications == 3


def test_a_method_is_handed_in_without_files(lab: LabProcess) -> None:
    r1 = lab.admit("r1")
    request = VerifyRequest(proposal=r1.plan(), snapshot=r1.method(), students=(r1.put_blob(b"0.5"),))
    with pytest.raises(ResearcherError, match="names no students", check=lambda error: error.code == "malformed"):
        r1.verify(request)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["student", "predictions"])
def test_kill_between_request_and_answer_and_it_is_the_same_answer(begin: Begin, protocol: ProtocolName) -> None:
    answers, digests = set(), set()
    for kill in (False, True):
        lab = begun(begin, protocol, answer_every=2.0)
        r1 = lab.admit("r1")
        asked = prove(r1, trained(lab, protocol, "vanilla")[1], wait=0)
        assert asked.status == "running"
        if kill:
            lab.kill()
            lab.start()
        seen = r1.submission(asked.id, wait=60)
        assert seen.status == "ok"
        answers.add((seen.id, seen.value, seen.low, seen.high))
        until(lambda: any(event.kind == "marks.scored" for event in lab.events()))  # noqa: B023 - used at once
        assert [event.kind for event in lab.events()].count("verify.finished") == 1
        digests.add(content_digest(lab.events()))
    assert len(answers) == len(digests) == 1


def test_a_problem_that_cannot_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    lab = LabProcess(tmp_path / "study", {"verify": {"protocol": "predictions"}})
    assert lab.spawn().wait(60) == 2
    assert "can only grade methods" in lab.log.read_text()
    assert not lab.paths.database.exists()
    for command in ("check", "run"):
        done = aarlab(
            command, "--set", "problem=tests.support.toy:Toy", "--set", "verify.protocol=student", cwd=tmp_path
        )
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert "can only grade methods" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


# ---- answers at fixed times ---------------------------------------------------------------------------------

EVERY = 8.0
LATE = 2.0
"""How much later than a slot an answer may be on a busy host."""
METHODS_BY_TIME = {
    "quick": "def train(data, seed):\n    return b'0.5'\n",
    "slow": "import time\ntime.sleep(1.5)\ndef train(data, seed):\n    return b'0.45'\n",
    "error": "raise SystemExit('no')\n",
    "malformed": "def train(data, seed):\n    return b'no number'\n",
}


@pytest.mark.slow
def test_quick_slow_and_failed_methods_are_answered_at_the_same_time(begin: Begin) -> None:
    lab = begin({"verify": {"answer_every": EVERY, "controls": 0}, "price": {"cpu_hour": 0.4}})
    r1 = lab.admit("r1")
    until(lambda: any(event.kind == "marks.scored" for event in lab.events()))
    asked = {name: r1.prove(code, title=name, wait=0) for name, code in METHODS_BY_TIME.items()}
    assert {seen.status for seen in asked.values()} == {"running"}
    ended = {name: r1.submission(seen.id, wait=6 * EVERY) for name, seen in asked.items()}
    assert {name: seen.status for name, seen in ended.items()} == {
        "quick": "ok",
        "slow": "ok",
        "error": "error",
        "malformed": "malformed",
    }
    times = {kind: {e.body["id"]: e.meta["time"] for e in lab.events() if e.kind == kind} for kind in KINDS}
    for seen in asked.values():
        waited = times["verify.finished"][seen.id] - times["verify.requested"][seen.id]
        assert EVERY <= waited + 0.01 < EVERY + LATE
    check_what_the_operator_sees(lab, r1, {name: seen.id for name, seen in asked.items()})


KINDS = ("verify.requested", "verify.finished")


def check_what_the_operator_sees(lab: LabProcess, r1: Member, ids: dict[str, str]) -> None:
    told = r1.board().model_dump_json() + r1.submission(ids["slow"]).model_dump_json()
    for word in ("measured", "seconds", "accuracies"):
        assert word not in told
    done = aarlab("board", "--json", "--study", lab.paths.root, cwd=lab.paths.root)
    rows = {row["submission"]: row["measured"] for row in json.loads(done.out)["rows"]}
    slow, quick, failed = (rows[ids[name]] for name in ("slow", "quick", "error"))
    assert slow["seconds"] > 1.5
    assert (quick["runs"], quick["failures"], quick["core_seconds"] > 0) == (2, {}, True)
    assert np.mean(slow["accuracies"]) == pytest.approx(r1.submission(ids["slow"]).facts["transfer_acc"])
    assert len(slow["accuracies"]) == 2
    assert (failed["runs"], failed["failures"], failed["accuracies"]) == (2, {"error": 2}, [])
    assert rows[None] is None


def test_researchers_see_money_in_hundredths_of_the_budget(begin: Begin) -> None:
    lab = begin({"budget": {"dollars": 0.1}, "price": {"cpu_hour": 1.0}})
    r1 = lab.admit("r1")
    assert r1.me().budgets.dollars == 0.1
    assert r1.prove().status == "ok"
    with lab.operator() as operator:
        exact = operator.state().budgets.dollars
    told = r1.me().budgets.dollars
    assert told <= exact < told + 0.001
    assert round(told / 0.001, 6).is_integer()
