"""aarlab final: asks, opens once, shows, and closes the study."""

import json
from pathlib import Path

import pytest

from aarlab.cli.sizes import sentences, sets_of
from aarlab.paths import StudyPaths
from aarlab.report.build import build_report
from aarlab.settings import StudyConfig
from tests.support.cli import aarlab, closed_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return closed_study(tmp_path_factory.mktemp("studies") / "toy")


@pytest.mark.slow
def test_it_is_opened_once_and_shown_ever_after(study: StudyPaths) -> None:
    def final(*arguments: str) -> tuple[int, str, str]:
        done = aarlab("final", *arguments, "--study", study.root, cwd=study.root)
        return done.status, done.out, done.err

    rows = json.loads(aarlab("board", "--json", "--study", study.root, cwd=study.root).out)["rows"]
    submission = rows[0]["submission"]
    assert final()[0::2] == (2, "aarlab: name the finalists first: aarlab final SUBMISSION...\n")
    assert final("v-nothing")[0] == 2
    status, _, err = final(submission[:8])
    assert (status, "--yes" in err, err.count("\n")) == (2, True, 1)
    status, out, err = final("--yes")
    assert (status, err) == (0, "")
    assert "Final set" in out
    assert "With 95 % confidence the finalist's accuracy is within" in out
    status, out, err = final(submission, "--yes")
    assert (status, out) == (2, "")
    assert "never opened a second time" in err
    shown = json.loads(final("--json")[1])
    assert (shown["phase"], shown["rows"][0]["submission"]) == ("opened", submission)
    done = aarlab("resume", "--study", study.root, cwd=study.root)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "closed" in done.err
    html = build_report(study).read_text()
    assert 'id="final"' in html
    assert "The final set was not opened" not in html


def test_sizes_are_said_before_a_study_starts(tmp_path: Path) -> None:
    done = aarlab("check", cwd=tmp_path)
    assert done.status == 0
    lines = {line.split(":")[0]: line for line in done.out.splitlines()}
    assert "accuracy at 95 % for 5 finalists at once" in lines["final"]
    assert "PGR at 95 %" in lines["verify"]
    assert "warning" not in lines
    sets = json.loads(aarlab("check", "--json", cwd=tmp_path).out)["sets"]
    assert {name: entry["items"] > 500 for name, entry in sets.items()} == dict.fromkeys(sets, True)


def test_a_set_that_tells_little_is_warned_of() -> None:
    entry = {"items": 90, "independent": 80, "half_width": 0.2, "of": "PGR"}
    sets = dict.fromkeys(("dev", "verify", "final"), entry)
    small = sentences(sets_of({"sets": sets}, StudyConfig()))
    assert "verify: 90 items (as good as 80 independent ones), about ±0.200 PGR at 95 %" in small
    assert small[-1].startswith("warning: verification will hardly tell methods apart (±0.20 PGR at 95 %)")
