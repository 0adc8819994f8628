"""aarlab incidents, decide, disqualify, reinstate: the operator's side of an incident on the command line."""

import json
from pathlib import Path

import pytest

from aarlab.paths import StudyPaths
from tests.support.cli import aarlab, closed_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return closed_study(tmp_path_factory.mktemp("incidents") / "study")


def run(study: StudyPaths, *words: str) -> str:
    ended = aarlab(*words, "--study", str(study.root), cwd=study.root.parent)
    assert ended.status == 0, ended.err
    return ended.out


def board_row(study: StudyPaths) -> dict[str, object]:
    rows = json.loads(run(study, "board", "--json"))["rows"]
    found: dict[str, object] = next(row for row in rows if row["kind"] == "method")
    return found


@pytest.mark.slow
def test_disqualified_and_back(study: StudyPaths) -> None:
    submission = str(board_row(study)["submission"])
    said = run(study, "disqualify", submission[:8], "--reason", "it knew the threshold", "--by", "Ada")
    assert "disqualified by Ada" in said
    row = board_row(study)
    assert (row["rank"], row["standing"]) == (None, "disqualified")
    assert "it knew the threshold" in str(row["note"])
    assert "disqualified" in run(study, "board")

    every = json.loads(run(study, "incidents", "--json"))
    assert {one["detector"] for one in every} >= {"prompt injection"}, "its text has characters that hide others"
    (incident,) = [one for one in every if one["detector"] == "operator"]
    evidence = json.loads(run(study, "incidents", incident["id"], "--json"))
    assert "method.py" in evidence["files"]
    assert {"verify.requested", "verify.finished"} <= {entry["kind"] for entry in evidence["entries"]}
    shown = run(study, "incidents", incident["id"])
    assert "<script>" in shown, "the proposal stands there as its author wrote it"
    assert "\u202e" not in shown, "but for what would turn the terminal around"
    assert "operator" not in {one["detector"] for one in json.loads(run(study, "incidents", "--open", "--json"))}

    assert "valid by" in run(study, "reinstate", submission, "--reason", "it did not")
    assert (board_row(study)["rank"], board_row(study)["standing"]) == (1, "")
    assert "apart" in run(study, "decide", submission, "apart", "--reason", "another question")
    assert board_row(study)["standing"] == "listed apart"
    run(study, "reinstate", submission, "--reason", "no")
    run(study, "report")
    html = study.report.read_text()
    assert "The operator has looked at it and decided: disqualified." in html


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("disqualify", "v-nothing", "--reason", "x"), "0 submissions or incidents"),
        (("disqualify", "v-"), "Missing option"),
        (("disqualify", "v-", "--reason", " "), "--reason is empty"),
        (("decide", "v-", "disqualify", "--reason", "x"), "did you mean"),
        (("incidents", "i-nothing"), "0 incidents have an id"),
        (("reply", "i-1", "no-such-file"), "cannot be read"),
    ],
)
def test_bad_input_is_one_line(study: StudyPaths, words: tuple[str, ...], line: str) -> None:
    events = (study.database).stat().st_size
    ended = aarlab(*words, "--study", str(study.root), cwd=Path(study.root).parent)
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert line in ended.err
    assert study.database.stat().st_size == events
