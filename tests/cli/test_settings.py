"""aarlab check and aarlab init, and the odds and ends of the command line."""

import json
import tomllib
from pathlib import Path

from aarlab.cli.output import clean, one_line
from aarlab.problem.files import read_folder
from aarlab.settings import StudyConfig
from aarlab.studyfile import load_study
from tests.support.cli import aarlab


def test_init_study_writes_the_defaults_and_never_over_a_file(tmp_path: Path) -> None:
    assert aarlab("init", "study", cwd=tmp_path).status == 0
    config = load_study(tmp_path / "study.toml")
    assert config.model_dump(exclude={"problem"}) == StudyConfig().model_dump(exclude={"problem"})
    before = (tmp_path / "study.toml").read_text()
    assert "# Embedded data" in before
    done = aarlab("init", "study", cwd=tmp_path)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert (tmp_path / "study.toml").read_text() == before
    assert tomllib.loads(aarlab("init", "study", "-", cwd=tmp_path).out) == tomllib.loads(before)


def test_init_problem_writes_data_that_is_valid(tmp_path: Path) -> None:
    assert aarlab("init", "problem", "mine", cwd=tmp_path).status == 0
    assert read_folder(tmp_path / "mine").kind == "pairs"
    config = load_study(tmp_path / "mine" / "study.toml")
    assert config.problem.own()["data"] == str(tmp_path / "mine")
    assert config.study.name == "mine"
    done = aarlab("init", "problem", "mine", cwd=tmp_path)
    assert (done.status, done.err.count("\n")) == (2, 1)


def test_check_tells_sizes_and_how_wide_an_interval_to_expect(tmp_path: Path) -> None:
    done = aarlab("check", "--set", "study.researchers=9", cwd=tmp_path)
    assert done.status == 0, done
    assert "expected half width" in done.out
    assert "The settings are valid." in done.out
    data = json.loads(aarlab("check", "--json", cwd=tmp_path).out)
    assert data["facts"]["items"] > 8000
    assert 0 < data["facts"]["expected_half_width"] < 0.5
    assert data["settings"]["budget"]["minutes"] == 3.0
    assert list(tmp_path.iterdir()) == []


def test_examples_are_valid(tmp_path: Path) -> None:
    for path in (Path(__file__).parents[2] / "examples").glob("*.toml"):
        assert aarlab("check", path, cwd=tmp_path, ANTHROPIC_API_KEY="none").status == 0


def test_check_estimates_nine_researchers_without_a_key(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "examples" / "nine_researchers.toml"
    done = aarlab("check", path, "--assume", "turns_per_hour=120", cwd=tmp_path, ANTHROPIC_API_KEY="")
    assert done.status == 3
    assert done.err.endswith("needs a key: set the environment variable ANTHROPIC_API_KEY\n")
    assert done.err.count("\n") == 1
    for words in (
        "turns_per_hour    120",
        "1,080.00 researcher-hours",
        "$22 per researcher-hour",
        "is enough for that",
    ):
        assert words in done.out
    tight = ("--set", "budget.dollars=100", "--json")
    data = json.loads(aarlab("check", path, *tight, cwd=tmp_path, ANTHROPIC_API_KEY="none").out)
    assert 0 < data["estimate"]["ends_after"] < 5
    assert data["estimate"]["assumptions"]["turns_per_hour"] == 60


def test_published_table_is_reproduced(tmp_path: Path) -> None:
    path = Path(__file__).parents[1] / "data" / "published_baselines.json"
    rows = json.loads(aarlab("w2s", "published", path, "--json", cwd=tmp_path).out)
    vanilla = next(row for row in rows if (row["domain"], row["method"]) == ("chat", "vanilla_w2s"))
    assert abs(vanilla["pgr"] - 0.2035) < 1e-4
    assert aarlab("w2s", "published", tmp_path / "none.json", cwd=tmp_path).status == 2


def test_version_and_help(tmp_path: Path) -> None:
    assert "Commands:" in aarlab("--help", cwd=tmp_path).out
    done = aarlab("bord", cwd=tmp_path)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "Did you mean 'board'?" in done.err
    assert aarlab("init", cwd=tmp_path).status == 2


def test_text_of_others_is_cleaned() -> None:
    assert clean("a\x1b[31mb\u202ec\x07\td\ne") == "a?[31mb?c?  d\ne"
    assert one_line("a\r\n b\n" + "x" * 200, limit=10) == "a? b xxxx…"
