"""Folders built from small files in the sources' real schemas."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aarlab.canonical import digest
from aarlab.errors import UserError
from aarlab.problem.files import FILES, ChoiceRow, PairRow, read_folder
from aarlab.w2s.datasets import chat
from aarlab.w2s.datasets.build import Plan, build, write_folder
from aarlab.w2s.datasets.items import Dropped
from aarlab.w2s.datasets.maths import dapo
from tests.w2s.datasets import made


@pytest.fixture(scope="module")
def chat_sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of the four sources; one training prompt is in the test, in other letters."""
    folder = tmp_path_factory.mktemp("chat")
    leaked = [{"prompt": "what IS thing 3", "response": f"r{n}", "helpfulness": n} for n in (1, 2)]
    alone = [{"prompt": "Alone", "response": "only one", "helpfulness": 4}]
    rm_bench = folder / "total_dataset.json"
    rm_bench.write_text(json.dumps([*made.rm_bench(60), {"id": "x", "prompt": "no answers"}]))
    found = {
        "helpsteer2": made.lines(folder / "train.jsonl.gz", [*alone, *made.helpsteer2(400), *leaked]),
        "helpsteer3": made.lines(folder / "preference.jsonl.gz", made.helpsteer3(300)),
        "rm-bench": rm_bench,
        "reward-bench-2": made.lines(folder / "rb2.jsonl", made.reward_bench_2(40)),
    }
    return {name: str(path) for name, path in found.items()}


def _rows(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: _read(folder / f"{name}.jsonl") for name in FILES}


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_chat_is_even_grouped_and_without_leaks(chat_sources: dict[str, str], tmp_path: Path) -> None:
    record = build(Plan("chat", chat_sources), tmp_path / "chat")
    found = read_folder(tmp_path / "chat")
    assert found.kind == "pairs"
    assert record["dropped"]["helpsteer2"] == {"row without a partner": 1, "tie": 40}
    assert record["dropped"]["helpsteer3"]["tie"] == 42
    assert record["dropped"]["rm-bench"] == {"a field is missing": 1}
    assert record["dropped"]["mixing"]["in the test, too"] == 1
    for name, facts in record["files"].items():
        assert all(abs(2 * one["ones"] - one["items"]) <= 1 for one in facts["strata"]), name
    assert len(found.test) == 60 * 3 + 40 * 3
    assert {row.ood for row in found.test} == {True}
    assert {(row.source, row.subset) for row in found.test} >= {("rm-bench", "chat"), ("reward-bench-2", "Ties")}
    share = len(found.train_label) / (len(found.train_label) + len(found.train_unlabel))
    assert share == pytest.approx(0.25, abs=0.01)
    groups = [{row.group for row in rows} for rows in (found.train_label, found.train_unlabel, found.test)]
    assert len(groups[0] | groups[1] | groups[2]) == sum(map(len, groups))


def test_labels_say_which_answer_is_better(chat_sources: dict[str, str], tmp_path: Path) -> None:
    build(Plan("chat", chat_sources), tmp_path / "chat")
    for rows in _rows(tmp_path / "chat").values():
        for row in rows:
            good, bad = (row["second"], row["first"]) if row["label"] else (row["first"], row["second"])
            if row["source"] == "helpsteer2":
                assert ("at length" in good, "at length" in bad) == (True, False)
            elif row["source"] == "helpsteer3":
                number = int(good.rsplit(" ", 1)[1])
                assert good.startswith("one" if number % 2 else "another")
            else:
                assert {"true", "right"} & set(good.split())
                assert {"false", "wrong"} & set(bad.split())


def test_rm_bench_compares_answers_of_one_style() -> None:
    pairs = list(chat.rm_bench(made.rm_bench(1), Dropped()))
    assert [(pair.good.rpartition(" true")[0], pair.bad.rpartition(" false")[0]) for pair in pairs] == [
        (style, style) for style in ("short", "long", "# long")
    ]


def test_helpsteer2_preferences_and_turns_are_read() -> None:
    row = {"split": "train", "prompt": "p", "response_1": "a", "response_2": "b", "preference_strength": -2}
    drop = Dropped()
    pairs = list(chat.helpsteer2([row, row | {"preference_strength": 0}, row | {"response_2": None}], drop))
    assert [(pair.good, pair.bad) for pair in pairs] == [("a", "b")]
    assert drop.counts == {"tie": 1, "a field is missing": 1}
    turns = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    assert chat.conversation(turns) == "User: one\n\nAssistant: two"


def test_a_build_is_the_same_to_the_byte_in_any_order(chat_sources: dict[str, str], tmp_path: Path) -> None:
    build(Plan("chat", chat_sources, seed=3), tmp_path / "one")
    turned = made.lines(tmp_path / "preference.jsonl.gz", made.helpsteer3(300)[::-1])
    build(Plan("chat", chat_sources | {"helpsteer3": str(turned)}, seed=3), tmp_path / "two")
    build(Plan("chat", chat_sources, seed=4), tmp_path / "three")
    one, two, three = (
        [digest((tmp_path / folder / f"{name}.jsonl").read_bytes()) for name in FILES]
        for folder in ("one", "two", "three")
    )
    assert one == two
    assert one != three
    record = json.loads((tmp_path / "one" / "build.json").read_text())
    assert [record["files"][name]["sha256"] for name in FILES] == one
    assert record["sources"]["helpsteer2"]["licence"] == "CC-BY-4.0"
    assert str(tmp_path) not in json.dumps(record)


def test_a_second_build_changes_nothing_and_another_is_refused(chat_sources: dict[str, str], tmp_path: Path) -> None:
    build(Plan("chat", chat_sources), tmp_path / "chat")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "chat").iterdir()}
    build(Plan("chat", chat_sources), tmp_path / "chat")
    with pytest.raises(UserError, match="holds something else already"):
        build(Plan("chat", chat_sources, seed=1), tmp_path / "chat")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "chat").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["chat"]


def test_a_folder_that_would_not_be_valid_is_not_left(tmp_path: Path) -> None:
    contents = {f"{name}.jsonl": b'{"prompt": "p", "first": "a", "second": "b", "label": 0}\n' for name in FILES}
    with pytest.raises(UserError, match="the file ends after 1 items"):
        write_folder(tmp_path / "out", contents)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_folder(tmp_path / "file" / "out", contents)


def test_limit_cuts_whole_questions(chat_sources: dict[str, str], tmp_path: Path) -> None:
    build(Plan("chat", chat_sources, limit=150), tmp_path / "chat")
    rows = _rows(tmp_path / "chat")
    assert {name: len(found) for name, found in rows.items()} == {"train_label": 150, "train_unlabel": 150, "test": 150}
    assert set(Counter(row["group"] for row in rows["test"]).values()) == {3}
    assert {row["source"] for row in rows["test"]} == {"rm-bench", "reward-bench-2"}


def test_held_in_questions_are_marked(chat_sources: dict[str, str], tmp_path: Path) -> None:
    build(Plan("chat", chat_sources, held_in=0.2), tmp_path / "chat")
    marks = Counter((row["id_ood"], row["source"]) for row in _rows(tmp_path / "chat")["test"])
    assert {mark for mark, source in marks if source.startswith("helpsteer")} == {"id"}
    assert {mark for mark, source in marks if not source.startswith("helpsteer")} == {"ood"}


# ---- mathematics and code -----------------------------------------------------------------------------------


def _math(tmp_path: Path) -> dict[str, str]:
    asked = [(f"What is {number} plus {number}?", str(2 * number)) for number in range(200)]
    tested = [(f"Find the number {number}.", str(number)) for number in range(60)]
    leak = ("What is 5 plus 5 ?", "10")
    with (tmp_path / "aime.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["ID", "Year", "Problem Number", "Question", "Answer", "Part"])
        writer.writerows([f"1983-{place}", 1983, place, *one, ""] for place, one in enumerate([*tested, leak]))
    return {
        "dapo": str(made.lines(tmp_path / "dapo.jsonl", made.dapo(200))),
        "aime": str(tmp_path / "aime.csv"),
        "solutions": str(made.lines(tmp_path / "written.jsonl", made.solutions([*asked, *tested]))),
    }


def test_math_labels_what_models_wrote_by_its_final_answer(tmp_path: Path) -> None:
    record = build(Plan("math", _math(tmp_path)), tmp_path / "math")
    found = read_folder(tmp_path / "math")
    assert record["dropped"]["dapo"] == {"duplicate question": 401, "question with two answers": 1}
    assert record["dropped"]["solutions"]["question in the test, too"] == 1
    assert record["dropped"]["solutions"]["solution without an answer or verdict"] == 200 + 60 - 1
    assert {row.source for row in found.train_unlabel} == {"dapo:small", "dapo:large"}
    for row in (*found.train_label, *found.train_unlabel):
        assert isinstance(row, ChoiceRow)
        number = int(row.question.split()[2])
        assert row.label == (f"{{{2 * number}.0}}" in row.choice)
        assert number not in (1, 5)
    for rows in (found.train_label, found.train_unlabel, found.test):
        by_question = Counter((row.group, row.label) for row in rows)
        assert set(by_question.values()) == {1}


def test_neither_model_nor_length_tells_which_solution_is_right(tmp_path: Path) -> None:
    sources = _math(tmp_path)
    asked = [(f"What is {number} plus {number}?", str(2 * number)) for number in range(200)]
    written = made.solutions(asked) + [
        {"question": question, "solution": f"At length {'and at length ' * 5}\\boxed{{{truth}}}", "model": "large"}
        for question, truth in asked
    ]
    tested = [row for row in _read(tmp_path / "written.jsonl") if row["question"].startswith("Find")]
    sources["solutions"] = str(made.lines(tmp_path / "more.jsonl", [*written, *tested]))
    build(Plan("math", sources), tmp_path / "math")
    rows = _rows(tmp_path / "math")
    train = [*rows["train_label"], *rows["train_unlabel"]]
    right = Counter(row["source"] for row in train if row["label"])
    wrong = Counter(row["source"] for row in train if not row["label"])
    assert all(abs(right[model] - wrong[model]) <= 4 for model in ("dapo:small", "dapo:large"))
    by_group: dict[str, dict[int, int]] = {}
    for row in train:
        by_group.setdefault(row["group"], {})[row["label"]] = len(row["choice"])
    longer = sum(one[1] > one[0] for one in by_group.values())
    shorter = sum(one[1] < one[0] for one in by_group.values())
    assert abs(longer - shorter) <= 4


def test_dapo_loses_the_words_around_a_question() -> None:
    assert [one.text for one in dapo(made.dapo(2)[:1], Dropped())] == ["What is 0 plus 0?"]


GSM8K = [
    {
        "question": "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
        "How many clips did Natalia sell altogether in April and May?",
        "answer": "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\n#### 72",
    }
]
"""A row of GSM8K (MIT licence, (c) 2021 OpenAI), shortened."""


def test_gsm8k_reads_the_answer_behind_the_marks(tmp_path: Path) -> None:
    made_up = [{"question": f"{n} apples and {n} more?", "answer": f"work\n#### {2 * n:,}"} for n in range(1000, 1200)]
    tested = [{"question": f"{n} pears and {n} more?", "answer": f"work\n#### {2 * n:,}"} for n in range(60)]
    written = made.solutions(
        [(row["question"], row["answer"].split("#### ")[1].replace(",", "")) for row in (*made_up, *tested)]
    )
    by_model = {
        "6b_finetuning": {"is_correct": True, "solution": "48/2 = <<48/2=24>>24\nA: 72"},
        "175b_finetuning": {"is_correct": False, "solution": "48*2 = <<48*2=96>>96\nA: $96"},
    }
    real = [{"question": GSM8K[0]["question"], "ground_truth": "A: 72", **by_model}]
    sources = {
        "gsm8k": str(made.lines(tmp_path / "train.jsonl", [*GSM8K, *made_up])),
        "gsm8k-test": str(made.lines(tmp_path / "test.jsonl", tested)),
        "solutions": str(made.lines(tmp_path / "solutions.jsonl", [*written, *real])),
    }
    build(Plan("math", sources, only_named=True), tmp_path / "math")
    rows = [
        row for found in _rows(tmp_path / "math").values() for row in found if row["question"] == GSM8K[0]["question"]
    ]
    assert {(row["choice"][-2:], row["label"]) for row in rows} == {("72", 1), ("96", 0)}
    assert {row["source"] for row in rows} == {"gsm8k:6b_finetuning", "gsm8k:175b_finetuning"}
    assert {row["id_ood"] for row in _rows(tmp_path / "math")["test"]} == {"id"}


def _taco(tmp_path: Path) -> dict[str, str]:
    levels = ("EASY", "MEDIUM", "HARD", "MEDIUM_HARD", "UNKNOWN_DIFFICULTY")
    tasks = [
        {
            "question": f"Write task {n}.",
            "solutions": json.dumps(["print('written by a person')"]),
            "starter_code": "def solve():" if n % 2 else "",
            "input_output": "{}",
            "difficulty": levels[n % 5],
            "url": f"https://example.org/{n}",
        }
        for n in range(500)
    ]
    written = [
        {"id": f"https://example.org/{n}", "solution": f"print({n}, {passed})", "passed": passed, "model": "m"}
        if n % 3
        else {"question": f"Write task {n}.", "solution": f"print({n}, {passed})", "passed": passed, "model": "m"}
        for n in range(500)
        for passed in (True, False)
    ]
    unsaid = [{"question": "Write task 0.", "solution": "print()"}]
    return {
        "taco": str(made.lines(tmp_path / "taco.jsonl", tasks)),
        "solutions": str(made.lines(tmp_path / "verdicts.jsonl", [*written, *unsaid])),
    }


def test_code_is_divided_by_difficulty_and_labelled_by_given_verdicts(tmp_path: Path) -> None:
    sources = _taco(tmp_path)
    with pytest.raises(UserError, match="only 40 items of 20 questions are left for train_label"):
        build(Plan("code", sources), tmp_path / "code")
    assert not (tmp_path / "code").exists()
    tasks = _read(Path(sources["taco"]))
    more = [
        row | {"question": f"Again {row['question']}", "url": f"{row['url']}/{copy}"}
        for row in tasks
        for copy in range(3)
    ]
    again = [row | {"question": f"{row['url'][-1]} {row['question']}"} for row in more]
    sources["taco"] = str(made.lines(tmp_path / "more.jsonl", again))
    written = [
        {"id": row["url"], "solution": f"print({passed})", "passed": passed}
        for row in again
        for passed in (True, False)
    ]
    sources["solutions"] = str(made.lines(tmp_path / "more-verdicts.jsonl", written))
    record = build(Plan("code", sources), tmp_path / "code")
    found = read_folder(tmp_path / "code")
    assert {row.subset for row in (*found.train_label, *found.train_unlabel)} == {"easy", "medium"}
    assert {(row.subset, row.ood) for row in found.test} == {("hard", True)}
    assert record["dropped"]["taco"] == {"difficulty medium_hard": 300, "difficulty unknown_difficulty": 300}
    for row in found.test:
        assert isinstance(row, ChoiceRow)
        assert row.label == ("True" in row.choice)
        assert "person" not in row.choice


@pytest.mark.parametrize(
    ("domain", "change", "says"),
    [
        ("chat", {"helpster2": "x"}, "chat has no such source; it has helpsteer2"),
        ("chat", {"helpsteer2": "nowhere"}, "there is no such file or folder, and it is no OWNER/DATASET@REVISION"),
        ("chat", {"helpsteer2": "nvidia/HelpSteer2@main"}, "REVISION must be a commit of 40 hexadecimal digits"),
        ("math", {"dapo": "x"}, "solutions=FILE.jsonl is missing"),
        ("chat", {}, "--source rm-bench=THU-KEG/RM-Bench@REVISION: REVISION must be a commit"),
        ("maths", {}, "did you mean"),
    ],
)
def test_bad_sources_are_one_line(domain: str, change: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=says) as failed:
        build(Plan(domain, change), tmp_path / "out")
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"prompt": 1}\n[1]\n', "a.jsonl:2: must be a JSON object"),
        ("a.jsonl", b"{", "a.jsonl:1: is not JSON"),
        ("a.jsonl", b"\xff\n", "is not UTF-8"),
        ("a.jsonl.gz", b"plain", "cannot be read"),
        ("a.json", b"{}", "must be a JSON list of rows"),
        ("a.txt", b"", "unknown kind of file"),
    ],
)
def test_bad_files_are_one_line(
    name: str, content: bytes, says: str, chat_sources: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=says) as failed:
        build(Plan("chat", chat_sources | {"helpsteer3": str(tmp_path / name)}), tmp_path / "out")
    assert "\n" not in str(failed.value)
    assert not (tmp_path / "out").exists()


def test_pairs_of_bad_texts_are_counted(chat_sources: dict[str, str], tmp_path: Path) -> None:
    odd = [
        {"context": "Same", "response1": "a  b", "response2": "a b", "overall_preference": 1},
        {"context": "Half", "response1": "\ud800", "response2": "a", "overall_preference": 1},
        {"context": "Long", "response1": "x" * 200_000, "response2": "a", "overall_preference": 1},
        {"context": "Empty", "response1": " ", "response2": "a", "overall_preference": 1},
        {"context": "Not said", "response1": "b", "response2": "a", "overall_preference": None},
    ]
    path = made.lines(tmp_path / "odd.jsonl", [*made.helpsteer3(60), *odd, made.helpsteer3(1)[0]])
    record = build(Plan("chat", chat_sources | {"helpsteer3": str(path)}), tmp_path / "out")
    assert record["dropped"]["helpsteer3"] == {"tie": 8, "a field is missing": 1}
    assert record["dropped"]["mixing"] == {
        "both answers are the same": 1,
        "duplicate item": 1,
        "empty text": 1,
        "half a character": 1,
        "in the test, too": 1,
        "too long": 1,
    }
    assert all(isinstance(row, PairRow) for row in read_folder(tmp_path / "out").test)
