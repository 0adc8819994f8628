"""aarlab methods, aarlab w2s run and sweep: what a person can see and try outside of a study."""

import json
from pathlib import Path

import pytest

from aarlab.minds.directions import nine
from aarlab.w2s.methods import ABSENT, FAMILIES, METHODS
from tests.support.cli import aarlab


def test_all_methods_are_listed_with_what_they_take(tmp_path: Path) -> None:
    listed = json.loads(aarlab("methods", "--json", cwd=tmp_path).out)
    assert [one["name"] for one in listed["methods"]] == list(METHODS)
    assert {one["family"] for one in listed["methods"]} <= set(FAMILIES)
    assert listed["absent"] == dict(ABSENT)
    shown = aarlab("methods", cwd=tmp_path)
    assert shown.status == 0
    assert all(name in shown.out for name in (*METHODS, *ABSENT))
    assert {one["name"] for one in listed["methods"] if one["needs"] == "model"} == {"critic", "few_shot"}
    assert "backends: hf)" in aarlab("methods", "critic", cwd=tmp_path).out


def test_the_nine_directions_are_listed(tmp_path: Path) -> None:
    listed = json.loads(aarlab("directions", "--json", cwd=tmp_path).out)
    assert [one["title"] for one in listed] == [one.title for one in nine()]
    assert all(one["title"] in aarlab("directions", cwd=tmp_path).out for one in listed[:1])


def test_one_method_is_shown_whole(tmp_path: Path) -> None:
    done = aarlab("methods", "evolution", cwd=tmp_path)
    assert done.status == 0
    for words in (
        "evolution (evolutionary; backends: probe, hf)",
        "Salimans et al. 2017",
        "  trim = 0.15",
        "  l2 = 0.1  (of heads; refused on hf)",
        "Settings and defaults:",
    ):
        assert words in done.out
    facts = json.loads(aarlab("methods", "agreement", "--json", cwd=tmp_path).out)
    assert facts["settings"] == {"way": "prior", "sharpness": 3.0, "l2": 0.1}
    assert facts["documentation"].startswith(facts["summary"])


def test_one_method_is_tried_beside_vanilla(tmp_path: Path) -> None:
    words = ("w2s", "run", "--method", "agreement", "--set", "way=product", "--seeds", "2")
    done = aarlab(*words, cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    for said in ("agreement with way=product on chat, 2 draws", "over vanilla", "s a draw", "chat draw: 100 %"):
        assert said in done.out
    row = json.loads(aarlab(*words, "--json", cwd=tmp_path).out)
    assert row["settings"] == {"way": "product"}
    assert row["low"] < row["pgr"] < row["high"]
    assert row["over_vanilla_low"] < row["over_vanilla"] < row["over_vanilla_high"]
    assert row["over_vanilla"] > 0.2
    assert 0 < row["seconds_per_seed"] < 10
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_sweep_is_a_row_for_each_point_in_order(tmp_path: Path) -> None:
    words = ("w2s", "sweep", "--method", "vanilla", "--domain", "code", "--seeds", "2")
    rows = json.loads(aarlab(*words, "--set", "l2=1,0.1,0.01", "--json", cwd=tmp_path).out)
    assert [row["settings"]["l2"] for row in rows] == [1, 0.1, 0.01]
    assert rows[1]["over_vanilla"] == 0
    assert {row["domain"] for row in rows} == {"code"}
    shown = aarlab(*words, "--set", "l2=1,0.1", cwd=tmp_path)
    assert shown.status == 0
    assert shown.out.index("l2=1 ") < shown.out.index("l2=0.1 ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("methods vanila", "did you mean 'vanilla'?"),
        ("w2s run --method vanila", "did you mean 'vanilla'?"),
        ("w2s run --method vanilla --domain chta", 'no such domain (did you mean "chat"?)'),
        ("w2s run --method vanilla --set l=1", "did you mean 'l2'?"),
        ("w2s run --method vanilla --set l2=much", "l2 must be a number from"),
        ("w2s run --method vanilla --set l2", "write it as name=value"),
        ("w2s run --method coherence --seeds 2 --set start=truth", "start must be one of prior, teacher"),
        ("w2s run --method vanilla --seeds 1", "'--seeds'"),
        ("w2s sweep --method vanilla --set l2=1,,2", "write it as name=a,b,c"),
        ("w2s sweep --method vanilla --set l2=1 --set l2=2", "named twice"),
        (f"w2s sweep --method vanilla --set l2={','.join(map(str, range(1, 90)))}", "are more than 64"),
        ("w2s sweep --method vanilla", "--set"),
    ],
)
def test_what_cannot_be_run_is_one_line(tmp_path: Path, words: str, said: str) -> None:
    done = aarlab(*words.split(), cwd=tmp_path)
    assert (done.status, done.err.count("\n")) == (2, 1), done
    assert said in done.err


@pytest.mark.parametrize("name", [*ABSENT, "critic", "few_shot"])
def test_what_the_backend_lacks_is_refused(tmp_path: Path, name: str) -> None:
    done = aarlab("w2s", "run", "--method", name, cwd=tmp_path)
    assert (done.status, done.err.count("\n"), done.out) == (1, 1, "")
    assert f"method {name} cannot run here" in done.err
