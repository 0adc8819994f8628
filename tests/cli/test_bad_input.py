"""Bad input ends with one line that names the file and what to do, exit status 2, and nothing written."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import aarlab
from tests.support.rows import Rows, pairs, solutions, write


def _missing(folder: Path) -> None:
    (folder / "test.jsonl").unlink()


def _set_field(split: str, line: int, **fields: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        rows = pairs()
        rows[split][line - 1] |= fields
        write(folder, rows)

    return change


def _rewrite(change: Callable[[Rows], object], rows: Callable[[], Rows] = pairs) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        changed = rows()
        change(changed)
        write(folder, changed)

    return rewrite


def _one_class(rows: Rows) -> None:
    for row in rows["train_unlabel"]:
        row["label"] = 0


def _duplicate(rows: Rows) -> None:
    rows["test"][3] = {**rows["train_label"][8], "group": "test-1"}


def _huge_line(folder: Path) -> None:
    with (folder / "test.jsonl").open("wb") as stream:
        stream.write(b'{"prompt": "')
        stream.write(b"x" * 50_000_000)


def _nothing(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no folder": (_nothing, "data: there is no such folder"),
    "missing file": (_missing, "data/test.jsonl: the file is missing"),
    "unknown field": (_set_field("test", 4, lable=1), "data/test.jsonl:4: unknown field"),
    "unlabelled line": (_set_field("train_unlabel", 7, label=None), "data/train_unlabel.jsonl:7: has no label"),
    "one class only": (_rewrite(_one_class), "data/train_unlabel.jsonl:120: every item up to here has the same label"),
    "three items": (
        _rewrite(lambda rows: rows["test"].__delitem__(slice(3, None))),
        "data/test.jsonl:3: the file ends",
    ),
    "duplicate across splits": (_rewrite(_duplicate), "data/test.jsonl:4: the same item is at"),
    "50 MB in one line": (_huge_line, "data/test.jsonl:1: the line is longer than 1 MB"),
    "label of another kind": (
        _rewrite(lambda rows: rows["test"][1].update(label="B"), solutions),
        "data/test.jsonl:2: unknown label",
    ),
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("name", CASES)
def test_bad_data(tmp_path: Path, name: str, command: str) -> None:
    break_it, words = CASES[name]
    break_it(write(tmp_path / "data", pairs()))
    before = sorted(tmp_path.rglob("*"))
    done = aarlab(command, "--set", "problem.data=data", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.status == 2, done
    assert done.err.count("\n") == 1
    assert words in done.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "study.reserchers=9"], 'unknown field study.reserchers (did you mean "researchers"?)'),
        (["--set", "study.researchers=none"], "study.researchers must be a whole number from 1 to 128"),
        (["--set", "problem.domain=maths"], "the embedded domains are chat, math, code"),
        (["--set", "problem.dmain=math"], 'unknown field problem.dmain (did you mean "domain"?)'),
        (["--set", "problem.kind=w3s"], 'there is no kind "w3s" (did you mean "w2s"?)'),
        (["--set", "integrity.monitor=nobody/knows"], "write provider/model with one of anthropic, openai"),
        (["--set", "study.papers=['none.md']"], "none.md cannot be read: No such file"),
        (["--set", "study.papers=none.md"], "study.papers must be a list of texts"),
        (["--name", "a/b"], "study.name must be text like"),
        (["none.toml"], "none.toml: there is no such study file"),
        (["--sets", "x=1"], "No such option: --sets"),
    ],
)
def test_bad_settings(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = aarlab("run", *arguments, cwd=tmp_path)
    assert done.status == 2, done
    assert done.err.startswith("aarlab: ")
    assert done.err.count("\n") == 1
    assert words in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    taken = tmp_path / "studies" / "mine"
    taken.mkdir(parents=True)
    (taken / "thesis.txt").write_text("precious")
    done = aarlab("run", "--name", "mine", cwd=tmp_path)
    assert done.status == 2, done
    assert "choose another" in done.err
    assert [path.name for path in taken.iterdir()] == ["thesis.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = aarlab("run", cwd=tmp_path)
    assert done.status == 2
    assert "cannot be written" in done.err


def test_a_dashboard_of_a_folder_that_is_not_there_makes_none(tmp_path: Path) -> None:
    done = aarlab("serve", "--no-browser", "--root", "nowhere", cwd=tmp_path)
    assert done.status == 2
    assert "nowhere: there is no such folder" in done.err
    assert list(tmp_path.iterdir()) == []
