"""What a person sees of a study in which the lab re-executes nothing: handing in, board, forum, report, replay."""

import json
from pathlib import Path

import numpy as np
import pytest

from aarlab.fleet.forum_files import render
from aarlab.wire import TRUST, FindingRequest
from tests.support.cli import ROOT, Ended, aarlab
from tests.support.lab import LabProcess

LOWER = TRUST["predictions"]
PLAN = ROOT / "examples" / "agreement"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> LabProcess:
    """A study under "predictions" in which nothing was verified yet; its server has ended."""
    settings = {"problem": {"kind": "tests.support.sealed:Sealed"}, "verify": {"protocol": "predictions"}}
    lab = LabProcess(tmp_path_factory.mktemp("studies") / "study", settings).start()
    lab.stop()
    return lab


def files(lab: LabProcess, items: int) -> list[Path]:
    """Three files of predictions that know nothing."""
    rng = np.random.default_rng(0)
    paths = [lab.paths.root.parent / f"{seed}.json" for seed in range(3)]
    for path in paths:
        path.write_text(json.dumps(rng.integers(0, 2, size=items).tolist()))
    return paths


def submit(lab: LabProcess, *students: Path) -> Ended:
    words = [word for path in students for word in ("--students", str(path))]
    plan = ("--title", "guesses", "--proposal", str(PLAN / "proposal.md"), "--study", str(lab.paths.root))
    return aarlab("submit", PLAN, *plan, *words, cwd=lab.paths.root.parent)


def items_of(lab: LabProcess) -> int:
    done = aarlab("check", lab.paths.config, "--json", cwd=lab.paths.root)
    found: int = json.loads(done.out)["facts"]["hidden_items"]
    return found


@pytest.mark.slow
def test_a_person_hands_in_files_and_everything_says_what_they_are_worth(lab: LabProcess) -> None:
    where = lab.paths.root.parent
    refused = submit(lab)
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "has 3 files in this study" in refused.err
    done = submit(lab, *files(lab, items_of(lab)))
    assert done.status == 0, done.err
    assert LOWER in done.out
    board = aarlab("board", "--study", lab.paths.root, cwd=where, COLUMNS="200")
    assert "lower trust" in board.out
    row = next(r for r in json.loads(aarlab("board", "--json", cwd=where, AARLAB_STUDIES=".").out)["rows"])
    assert (row["protocol"], row["note"], len(row["measured"]["accuracies"])) == ("predictions", LOWER, 3)
    replayed = aarlab("replay", row["submission"], "--study", lab.paths.root, cwd=where)
    assert (replayed.status, replayed.err.count("\n")) == (2, 1)
    assert "nothing to replay" in replayed.err
    said = aarlab("check", lab.paths.config, cwd=where)
    assert LOWER in said.out
    lab.start()
    with lab.admit("r1") as r1:
        post = FindingRequest(kind="result", title="guesses", text="see", submission=row["submission"])
        r1.finding(post)
        (finding,) = [one for one in r1.forum() if one.author == "r1"]
    lab.stop()
    assert f"- {LOWER}\n" in render(finding)
    assert "lower trust" in aarlab("forum", "--study", lab.paths.root, cwd=where, COLUMNS="240").out
    assert aarlab("report", "--study", lab.paths.root, cwd=where).status == 0
    html = lab.paths.report.read_text()
    assert "The lab re-executed nothing in this study" in html
    assert html.count(LOWER) >= 3
    assert "Accuracy by seed" in html


def test_a_file_that_is_no_list_is_malformed(lab: LabProcess) -> None:
    done = submit(lab, *files(lab, 3))
    assert done.status == 1
    assert "malformed" in done.out
