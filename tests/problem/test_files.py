"""The published file format: what is read, and the one line that each fault is answered with."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aarlab.errors import UserError
from aarlab.problem.files import MAX_LINE, ChoiceRow, PairRow, read_folder
from tests.support.rows import Rows, pairs, solutions, write

SHARED = Path(__file__).parents[3] / "shared" / "data"


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_folder(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_reads_pairs(tmp_path: Path) -> None:
    data = read_folder(write(tmp_path, pairs()))
    assert data.kind == "pairs"
    assert [len(rows) for rows in (data.train_label, data.train_unlabel, data.test)] == [120, 120, 120]
    row = data.test[1]
    assert isinstance(row, PairRow)
    assert (row.label, row.group, row.where) == (1, "test-0", f"{tmp_path / 'test.jsonl'}:2")


def test_reads_solutions_and_optional_fields(tmp_path: Path) -> None:
    rows = solutions()
    rows["test"][0] |= {"id": 7, "subset": "hard", "id_ood": "ood", "group": 3}
    rows["test"][1] |= {"group": 3}
    row = read_folder(write(tmp_path, rows)).test[0]
    assert isinstance(row, ChoiceRow)
    assert (row.subset, row.ood, row.group, row.source) == ("hard", True, "3", "a model")


@pytest.mark.parametrize(("label", "value"), [(0, 0), (1, 1), (False, 0), (True, 1), ("A", 0), ("B", 1)])
def test_labels_of_pairs(tmp_path: Path, label: Any, value: int) -> None:
    rows = pairs()
    rows["test"][0]["label"] = label
    assert read_folder(write(tmp_path, rows)).test[0].label == value


def test_first_and_second_are_labels(tmp_path: Path) -> None:
    rows = pairs()
    for row in rows["test"]:
        row["label"] = ["first", "second"][row["label"]]
    assert [row.label for row in read_folder(write(tmp_path, rows)).test[:4]] == [0, 1, 0, 1]


def test_rows_without_a_group_stay_with_their_question(tmp_path: Path) -> None:
    rows = pairs()
    for row in rows["test"]:
        del row["group"]
    first, second, third = read_folder(write(tmp_path, rows)).test[:3]
    assert first.unit() == second.unit() != third.unit()


def test_digest_names_content_not_place(tmp_path: Path) -> None:
    one = read_folder(write(tmp_path / "a", pairs())).digest
    assert read_folder(write(tmp_path / "b", pairs())).digest == one
    changed = pairs()
    changed["test"][5]["label"] = 0
    assert read_folder(write(tmp_path / "c", changed)).digest != one


@pytest.mark.skipif(not SHARED.exists(), reason="the shared GSM8K folders are not on this machine")
@pytest.mark.parametrize("name", ["gsm8k-pairs", "gsm8k-verify"])
def test_reads_the_shared_folders(name: str) -> None:
    assert len(read_folder(SHARED / name).test) > 600


# ---- faults -------------------------------------------------------------------------------------------------


def _set(split: str, line: int, **fields: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[split][line - 1] |= fields

    return change


def _drop(split: str, line: int, field: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        del rows[split][line - 1][field]

    return change


def _keep(split: str, count: int) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        del rows[split][count:]

    return change


def _same_label(rows: Rows) -> None:
    for row in rows["train_unlabel"]:
        row["label"] = 1


def _one_group(rows: Rows) -> None:
    for row in rows["test"]:
        row["group"] = "all"


def _copy_item(rows: Rows) -> None:
    item = rows["train_label"][8]
    swapped = {"first": item["second"], "second": item["first"], "label": 1 - item["label"]}
    rows["test"][3] = {**item, **swapped, "group": "test-1"}


def _other_kind(rows: Rows) -> None:
    rows["test"][6] = {"question": "q", "choice": "c", "label": 1}


FAULTS = {
    "unknown field": (_set("test", 4, lable=1), r"test\.jsonl:4: unknown field \"lable\" \(did you mean \"label\"\?\)"),
    "missing field": (_drop("test", 2, "second"), r"test\.jsonl:2: the field second is missing"),
    "unlabelled": (_drop("train_unlabel", 9, "label"), r"train_unlabel\.jsonl:9: has no label"),
    "null label": (_set("train_label", 5, label=None), r"train_label\.jsonl:5: has no label"),
    "unknown label": (_set("train_label", 5, label="C"), r"train_label\.jsonl:5: unknown label \"C\": it must be 0"),
    "label 2": (_set("train_label", 5, label=2), r"train_label\.jsonl:5: unknown label 2"),
    "label list": (_set("train_label", 5, label=[0]), r"train_label\.jsonl:5: unknown label \[0\]"),
    "empty text": (_set("test", 3, first=" \n"), r"test\.jsonl:3: first is empty"),
    "text type": (_set("test", 3, first=5), r"test\.jsonl:3: first must be text, not a number"),
    "group type": (_set("test", 3, group=["x"]), r"test\.jsonl:3: group must be text or a whole number, not a list"),
    "id_ood": (_set("test", 3, id_ood="out"), r"test\.jsonl:3: id_ood must be \"id\" or \"ood\""),
    "mixed fields": (_set("test", 3, question="q"), r"test\.jsonl:3: mixes fields of pairs"),
    "mixed kinds": (_other_kind, r"test\.jsonl:7: is a solution .*train_label\.jsonl:1 is a pair"),
    "half a character": (_set("test", 3, first="\ud800"), r"test\.jsonl:3: first holds half a character"),
    "three items": (_keep("test", 3), r"test\.jsonl:3: the file ends after 3 items; a split needs at least 100"),
    "no items": (_keep("test", 0), r"test\.jsonl:1: the file ends after 0 items"),
    "one class": (_same_label, r"train_unlabel\.jsonl:120: every item up to here has the same label"),
    "one group": (_one_group, r"test\.jsonl:120: the file ends after 1 groups"),
    "duplicate": (_copy_item, r"test\.jsonl:4: the same item is at .*train_label\.jsonl:9"),
    "shared group": (
        _set("test", 4, group="train_label-2"),
        r"test\.jsonl:4: its group .* is also at .*label\.jsonl:6",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_named_with_file_and_line(tmp_path: Path, name: str) -> None:
    change, pattern = FAULTS[name]
    rows = pairs()
    change(rows)
    assert re.search(pattern, refusal(write(tmp_path, rows)))


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        (b"{oops}", r":1: is not JSON: .* at column 2"),
        (b"[1, 2]", r":1: must be a JSON object like \{\.\.\.\}, not a list"),
        (b'{"prompt": NaN}', r":1: is not an item: NaN is not a JSON value"),
        (b'{"label": 0, "label": 1}', r":1: is not an item: the field \"label\" is there twice"),
        (b'{"label": 0}', r":1: has neither the fields of a pair"),
        (b"\xff\xfe", r":1: byte 1 is not UTF-8"),
        (b"[" * 100_000, r":1: is not an item"),
        (b'{"prompt": ' + b"9" * 10_000 + b"}", r":1: is not an item"),
        (b'"' + b"x" * MAX_LINE, r":1: the line is longer than 1 MB"),
    ],
    ids=["broken", "list", "nan", "twice", "no kind", "bytes", "deep", "digits", "long"],
)
def test_lines_that_are_no_items(tmp_path: Path, line: bytes, pattern: str) -> None:
    write(tmp_path, pairs())
    (tmp_path / "train_label.jsonl").write_bytes(line + b"\n")
    assert re.search(r"train_label\.jsonl" + pattern, refusal(tmp_path))


def test_folder_and_file_faults(tmp_path: Path) -> None:
    assert "there is no such folder" in refusal(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refusal(tmp_path / "file")
    folder = write(tmp_path / "data", pairs())
    (folder / "train_unlabel.jsonl").rename(folder / "train_unlabelled.jsonl")
    message = refusal(folder)
    assert "train_unlabel.jsonl: the file is missing" in message
    assert 'did you mean "train_unlabelled.jsonl"?' in message
    (folder / "train_unlabel.jsonl").mkdir()
    assert "is not a regular file" in refusal(folder)


def test_a_huge_line_is_not_read_into_memory(tmp_path: Path) -> None:
    folder = write(tmp_path, pairs())
    with (folder / "test.jsonl").open("r+b") as stream:
        stream.truncate(50_000_000_000)  # sparse: a line of 50 GB that takes no disk
    message = refusal(folder)
    assert re.search(r"test\.jsonl:121: the line is longer than 1 MB", message)
