"""A whole study whose models are fine-tuned, and `aarlab w2s run`: as a user starts them, on models made here."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import aarlab, inside
from tests.support.tiny_model import tiny_model
from tests.support.tiny_problem import tiny_table

SMALL = {
    "study": {"researchers": 1},
    "budget": {"minutes": 30.0, "experiments": 4, "dev_answers": 2, "verifications": 1},
    "verify": {"seeds": 2, "seconds": 900.0, "controls": 0, "answer_every": 0.0},
    "sandbox": {"memory_mb": 4096, "seconds": 900.0},
    "watchdog": {"silent_seconds": 900.0},
}


def written(table: dict[str, Any], name: str) -> str:
    """A table as TOML; tables inside it come after its fields."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, dict)]
    inner = [written(value, f"{name}.{key}") for key, value in table.items() if isinstance(value, dict)]
    return "\n".join([f"[{name}]", *plain, *inner])


def flags(table: dict[str, Any]) -> list[str]:
    """The models of a table for the command line."""
    hf = table["hf"]
    found = {"weak": hf["weak"], "strong": hf["strong"], "seeds": hf["seeds"]}
    found |= {f"recipe.{name}": value for name, value in hf["recipe"].items()}
    return [word for name, value in found.items() for word in ("--set", f"problem.hf.{name}={value}")]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "problem.data: the hf backend reads texts"),
        (("--data", "nowhere"), "nowhere"),
        (("--set", "problem.hf.recipe.ranc=3"), 'unknown field problem.hf.recipe.ranc (did you mean "rank"?)'),
        (("--set", "problem.hf.seeds=1"), "problem.hf.seeds must be"),
        (("--set", "l2=1"), "l2 is a setting of heads"),
    ],
)
def test_what_is_missing_is_one_line(more: tuple[str, ...], said: str) -> None:
    done = inside("w2s", "run", "--backend", "hf", "--method", "vanilla", "--seeds", "2", *more)
    assert done.status == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_model_of_the_hub_must_be_pinned(tmp_path: Path) -> None:
    assert inside("init", "problem", tmp_path / "mine").status == 0
    hub = ("--set", "problem.hf.weak=nobody/nothing", "--data", str(tmp_path / "mine"))
    done = inside("w2s", "run", "--backend", "hf", "--method", "vanilla", "--seeds", "2", *hub)
    assert (done.status, "as a model of the hub it must be pinned" in done.err) == (2, True)


def test_a_check_says_what_is_missing_and_where_models_are_meant_from(tmp_path: Path) -> None:
    (tmp_path / "models" / "weak").mkdir(parents=True)
    tables = {"problem": {"backend": "hf", "domain": "chat", "data": "data", "hf": {"weak": "models/weak"}}}
    (tmp_path / "study.toml").write_text("\n".join(written(table, name) for name, table in tables.items()))
    assumed = ("--assume", "weak_billions=0.5", "--json")
    done = inside("check", tmp_path / "study.toml", *assumed)
    assert done.status == 0, done.err
    missing = json.loads(done.out)["trainings"]["missing"]
    found = [one for one in missing if one.startswith("problem.hf.weak:")]
    assert found == [
        f"problem.hf.weak: {tmp_path}/models/weak is a folder without config.json, so not one of a language model"
    ]
    assert any(one.startswith("problem.hf.strong_revision: the commit of Qwen/Qwen3-4B-Base") for one in missing)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_methods_are_tried_outside_of_a_study(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    table = tiny_table(tmp_path)
    words = ("w2s", "run", "--backend", "hf", "--data", "data", "--method", "few_shot", "--seeds", "2", "--json")
    done = aarlab(*words, *flags(table), cwd=tmp_path, timeout=1100, AARLAB_CACHE=str(tmp_path / "cache"))
    assert done.status == 0, done.err
    row = json.loads(done.out)
    assert (row["method"], row["domain"], row["seeds"]) == ("few_shot", "data", 2)
    assert 0 < row["transfer_acc"] < 1
    assert row["refusal"] is None or row["low"] is None


@pytest.mark.slow
@pytest.mark.timeout(2000)
def test_a_study_ends_with_a_verified_row(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    tables = {**SMALL, "problem": {"kind": "w2s", **tiny_table(tmp_path)}}
    (tmp_path / "study.toml").write_text("\n".join(written(table, name) for name, table in tables.items()))
    done = aarlab("run", "study.toml", cwd=tmp_path, timeout=1900)
    assert done.status == 0, done.err + done.out
    board = json.loads(aarlab("board", "--json", cwd=tmp_path).out)
    (row,) = [row for row in board["rows"] if row["kind"] == "method"]
    assert (row["researcher"], row["status"]) == ("r1", "ok")
    assert {"weak teacher", "ceiling", "vanilla"} <= {row["name"] for row in board["rows"] if row["kind"] == "mark"}
    again = aarlab("replay", row["submission"], cwd=tmp_path, timeout=900)
    assert "the same to the last digit" in again.out, again.out + again.err


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_method_goes_to_larger_models_and_to_other_texts(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    tables = {**SMALL, "problem": {"kind": "w2s", **tiny_table(tmp_path)}}
    (tmp_path / "study.toml").write_text("\n".join(written(table, name) for name, table in tables.items()))
    tiny_model(tmp_path / "weak2", layers=2, width=16)
    tiny_model(tmp_path / "strong2", layers=3, width=32, seed=2)
    shutil.copytree(tmp_path / "data", tmp_path / "other")
    own: dict[str, Any] = {"cwd": tmp_path, "timeout": 500}
    two = ("--seeds", "2", "--json")

    table = tables["problem"]
    larger = ("--data", "data", "--weak", "weak2", "--strong", "strong2", "--set", "problem.backend=hf", *flags(table))
    done = aarlab("scale", "soft_labels", *larger, *two, **own)
    assert done.status == 0, done.err
    told = json.loads(done.out)
    trained = "both fine-tuned (LoRA of rank 4, 1 passes); 480 rows"
    assert told["pairs"] == {
        "large": f"weak2 teaches strong2 of 3 layers, {trained}",
        "small": f"weak teaches strong of 2 layers, {trained}",
    }
    assert told["carried"]["paired"], "both pairs are tested on the same items"
    assert told["digests"]["large"] != told["digests"]["small"]

    done = aarlab("transfer", "soft_labels", "--to", "./other", "--study", ".", *two, **own)
    assert done.status == 0, done.err
    rows = json.loads(done.out)["rows"]
    assert [(row["place"], row["status"]) for row in rows] == [("other", "ok")]
