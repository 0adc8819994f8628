"""aarlab transfer: a verified row on another domain, retuned, recorded, replayed; and what is refused."""

import json
from pathlib import Path

import pytest

from aarlab.paths import StudyPaths
from aarlab.report.build import build_report
from aarlab.wire import SnapshotRequest, TransferRequest, VerifyRequest
from tests.support.cli import EVIL, Ended, aarlab, inside
from tests.support.lab import LabProcess, until

READS = (
    "import json, pathlib\n"
    "def train(data, seed):\n"
    "    found = json.loads(pathlib.Path(__file__).with_name('config.json').read_text())\n"
    "    return str(found['threshold']).encode()\n"
)
CONFIG = {"threshold": 0.8, "kind": "cut"}
FILES = {"method.py": READS, "config.json": json.dumps(CONFIG)}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    """With one verified row whose method reads its settings, and one that has none."""
    lab = LabProcess(tmp_path_factory.mktemp("studies") / "toy", {"verify": {"controls": 0}}).start()
    try:
        with lab.admit("r1") as one:
            snapshot = one.snapshot(SnapshotRequest(files=FILES, message="cut"))
            done = one.verify(VerifyRequest(proposal=one.plan(f"cut {EVIL}"), snapshot=snapshot), wait=60)
            assert (done.status, one.prove().status) == ("ok", "ok")
    finally:
        lab.stop()
    return lab.paths


def transfer(study: StudyPaths, *words: str | Path) -> Ended:
    return aarlab("transfer", *words, "--study", study.root, cwd=study.root.parent)


def log(study: StudyPaths) -> list[dict[str, object]]:
    return [json.loads(line) for line in inside("log", "--json", "--study", study.root).out.splitlines()]


def row_of(study: StudyPaths, title: str) -> str:
    rows = json.loads(inside("board", "--json", "--study", study.root).out)["rows"]
    (found,) = [row["submission"] for row in rows if row["kind"] == "method" and row["name"].startswith(title)]
    return str(found)


def test_a_row_is_carried_retuned_recorded_and_replayed(study: StudyPaths) -> None:
    name = row_of(study, "cut")
    asked = (name[:9], "--to", "quarter", "--retune", "--answers", "4")
    done = transfer(study, *asked, "--json")
    assert (done.status, done.err) == (0, "")
    home, there, tuned = json.loads(done.out)["rows"]
    assert [row["way"] for row in (home, there, tuned)] == ["as is", "as is", "retuned"]
    assert [row["origin"] for row in (home, there, tuned)] == [True, False, False]
    assert home["components"] == there["components"] == tuned["components"]
    assert (there["settings"], there["answers"], tuned["answers"]) == (None, 0, len(tuned["tuning"]))
    assert 2 <= tuned["answers"] <= 4
    assert tuned["tuning"][0]["settings"] == {"threshold": 0.8}
    assert json.loads(tuned["settings"]) == CONFIG | {"threshold": json.loads(tuned["settings"])["threshold"]}
    assert tuned["over"]["as is"]["all"][1] > 0  # 0.8 is far from a quarter
    assert tuned["value"] == pytest.approx(there["value"] + tuned["over"]["as is"]["all"][0])
    assert "seeds" not in there
    assert inside("ledger", "verify", "--study", study.root).status == 0
    replayed = inside("replay", tuned["id"], "--study", study.root)
    assert (replayed.status, "the same to the last digit" in replayed.out) == (0, True)
    shown = json.loads(inside("board", name, "--json", "--study", study.root).out)
    assert [row["id"] for row in shown["transfers"]] == [home["id"], there["id"], tuned["id"]]
    assert "below vanilla in quarter" in inside("board", name, "--study", study.root).out
    html = build_report(study).read_text()
    assert "settings retuned" in html
    assert "<script>" not in html


@pytest.mark.slow
def test_what_is_on_record_is_shown_and_not_computed_again(study: StudyPaths) -> None:
    asked = (row_of(study, "cut"), "--to", "quarter", "--retune", "--answers", "4")
    assert transfer(study, *asked).status == 0
    before = len(log(study))
    again = transfer(study, *asked)
    assert (again.status, again.err) == (0, "")
    assert "holds in 0 of 1 other domains: below vanilla in quarter" in again.out
    assert "comparisons to vanilla stand in this table" in again.out
    new = [event["kind"] for event in log(study)[before:]]
    assert new == ["lab.started"]
    for event in log(study):
        if event["kind"] == "transfer.finished":
            assert isinstance(event["body"], dict)
            assert inside("replay", event["body"]["id"], "--study", study.root).status == 0


def test_given_settings_may_change_numbers_only(study: StudyPaths, tmp_path: Path) -> None:
    name, before = row_of(study, "cut"), len(log(study))
    for change in ({"kind": "other"}, {"more": 1}):
        (tmp_path / "config.json").write_text(json.dumps(CONFIG | change))
        given = ("--settings", tmp_path / "config.json")
        done = inside("transfer", name, "--to", "quarter", *given, "--study", study.root)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
        assert "the components differ: config.json" in done.err
    assert len(log(study)) == before


@pytest.mark.slow
def test_given_settings_are_run_beside_the_method_as_it_is(study: StudyPaths, tmp_path: Path) -> None:
    name = row_of(study, "cut")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {"threshold": 0.25}))
    done = transfer(study, name, "--to", "quarter", "--settings", tmp_path / "config.json", "--json")
    assert done.status == 0
    given = json.loads(done.out)["rows"][-1]
    assert (given["way"], given["answers"], given["value"]) == ("given", 0, pytest.approx(1.0, abs=0.1))


def test_what_cannot_be_carried_is_one_line_and_leaves_nothing(study: StudyPaths) -> None:
    cut, plain, before = row_of(study, "cut"), row_of(study, "a plan"), len(log(study))
    bad = [
        ((cut, "--to", "nowhere"), "there is no such domain"),
        ((cut, "--to", "half"), "is the domain that the method comes from"),
        ((cut, "--to", "quarter,quarter"), "each once"),
        ((cut, "--to", "quarter", "--from", "half"), "are for methods outside of a study"),
        ((plain, "--to", "quarter", "--retune"), "nothing to tune"),
        (("v-nothing", "--to", "quarter"), "0 verified submissions"),
        (("v-", "--to", "quarter"), "2 verified submissions"),
    ]
    for words, told in bad:
        done = inside("transfer", *words, "--study", study.root)
        assert (done.status, done.out, done.err.count("\n"), told in done.err) == (2, "", 1, True), done
    assert len(log(study)) == before


def test_bad_input_outside_of_a_study(tmp_path: Path) -> None:
    bad = [
        (("agreemen", "--to", "math"), 'did you mean "agreement"?'),
        (("agreement", "--to", "mth"), 'did you mean "math"?'),
        (("agreement", "--to", str(tmp_path)), "a folder of data has train_label.jsonl"),
        ((str(tmp_path), "--to", "math"), "a method is a folder with a file method.py"),
        (("agreement", "--to", "chat", "--from", "chat"), "is the domain that the method comes from"),
        (("agreement", "--to", "math", "--set", "l3=1"), "has no setting 'l3'"),
    ]
    for words, told in bad:
        done = inside("transfer", *words)
        assert (done.status, done.out, done.err.count("\n"), told in done.err) == (2, "", 1, True), done
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_lab_refuses_what_its_door_is_asked_wrongly(tmp_path: Path) -> None:
    """Without the command's own checks; and a method that does not read its settings is told so."""
    lab = LabProcess(tmp_path / "toy").start()
    try:
        with lab.admit("r1") as one, lab.operator() as operator:
            deaf = {
                "method.py": "# config.json\ndef train(data, seed):\n    return b'0.5'\n",
                "config.json": '{"threshold": 0.5}',
            }
            snapshot = one.snapshot(SnapshotRequest(files=deaf, message="deaf"))
            done = one.verify(VerifyRequest(proposal=one.plan("deaf"), snapshot=snapshot), wait=60)
            state = operator.transfer(TransferRequest(submission=done.id, to=("quarter",), answers=4))
            until(lambda: operator.transferred(state.id).done)
            assert "method.py does not read it" in operator.transferred(state.id).trouble
            other = '{"threshold": 0.5, "more": 1}'
            state = operator.transfer(TransferRequest(submission=done.id, to=("quarter",), settings=other))
            until(lambda: operator.transferred(state.id).done)
            assert "the components differ" in operator.transferred(state.id).trouble
            seen = json.dumps([one.board().model_dump(mode="json"), one.me().model_dump(mode="json")])
            assert '"t-' not in seen
            assert "quarter" not in seen
    finally:
        lab.stop()


@pytest.mark.slow
def test_a_ready_made_method_in_the_sandbox(tmp_path: Path) -> None:
    done = aarlab("transfer", "confident_only", "--to", "math", "--seeds", "2", "--json", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    (row,) = json.loads(done.out)["rows"]
    assert (row["submission"], row["place"], row["draws"]) == (None, "math", 2)
    assert row["over"]["vanilla"]["all"][0] == pytest.approx(row["value"] - row["marks"]["vanilla"]["value"])
    assert row["value"] == pytest.approx(row["marks"]["confident_only"]["value"], abs=0.2)
    assert not list(tmp_path.iterdir())
