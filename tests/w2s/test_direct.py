"""Weak-to-strong without re-execution: students and predictions in the one experiment of a study."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from aarlab.errors import ResearcherError, UserError
from aarlab.problem.contract import Direct, DirectProblem, ProtocolName
from aarlab.problem.protocols import under_protocol
from aarlab.studyfile import config_from_sets
from aarlab.w2s import Task
from aarlab.w2s.domains.embedded import load_embedded
from aarlab.w2s.domains.pool import Kind, Pool
from aarlab.w2s.domains.shipped import read_texts
from aarlab.w2s.methods import METHODS
from aarlab.w2s.problem import W2SProblem, W2SSettings
from aarlab.w2s.runner import run
from aarlab.w2s.splits import split
from tests.support.synthetic import synthetic_pool
from tests.support.toy import ToyProblem, ToySettings

KEY, OTHER = b"k" * 32, b"o" * 32
METHOD = "from aarlab.w2s.methods import METHODS\ntrain = METHODS['vanilla']\n"


@cache
def pool_of(kind: Kind = "pairs", *, roles: bool = False) -> Pool:
    return synthetic_pool(kind=kind, roles=roles, per_group=2)


def under(protocol: ProtocolName, pool: Pool | None = None) -> DirectProblem:
    return W2SProblem(pool or pool_of(), W2SSettings(seconds=20)).under(protocol)


def published(problem: DirectProblem, folder: Path) -> Path:
    folder.mkdir()
    problem.publish(folder, key=KEY)
    return folder


def answers_of(method: str, data: Path) -> dict[str, bytes]:
    """Files of predictions of a ready-made method, by set."""
    student, inputs = METHODS[method](Task.load(data), seed=0), load_file(data / "inputs.safetensors")
    return {name: encode(student.predict(inputs[name]) > 0) for name in ("dev", "hidden")}


def encode(answers: Any) -> bytes:
    return json.dumps(np.asarray(answers).astype(int).tolist()).encode()


@pytest.mark.parametrize("kind", ["pairs", "choices"])
@pytest.mark.parametrize("roles", [False, True])
def test_a_student_s_answers_are_graded_as_the_student_itself(tmp_path: Path, kind: Kind, roles: bool) -> None:
    students, predictions = (under(name, pool_of(kind, roles=roles)) for name in ("student", "predictions"))
    data = published(predictions, tmp_path / "data")
    files, student = answers_of("ensemble", data), METHODS["ensemble"](Task.load(data), seed=0).to_bytes()
    assert predictions.dev([files["dev"]], key=KEY) == students.dev([student], key=KEY)
    for part in ("verify", "final"):
        one = predictions.grade(files["hidden"], key=KEY, part=part)
        two = students.grade(student, key=KEY, part=part)
        assert all(np.array_equal(getattr(one, name), getattr(two, name)) for name in ("group", "transfer", "weak"))
        assert one.transfer.mean() > 0.55


def test_verify_and_final_are_disjoint_parts_of_what_one_file_answers(tmp_path: Path) -> None:
    problem, parts = under("predictions"), split(pool_of())
    data = published(problem, tmp_path / "data")
    items = len(load_file(data / "inputs.safetensors")["hidden"])
    zeros, ones = (encode(np.full(items, bit)) for bit in (0, 1))
    sizes = {}
    for part in ("verify", "final"):
        first, second = (problem.grade(file, key=KEY, part=part) for file in (zeros, ones))
        assert np.array_equal(first.transfer, ~second.transfer)
        sizes[part] = len(first.transfer)
    assert sizes == {"verify": len(parts.verify.test), "final": len(parts.final)}
    assert sum(sizes.values()) == items == problem.card().facts["hidden_items"]


def test_the_two_parts_lie_mixed_in_an_order_that_the_key_decides(tmp_path: Path) -> None:
    """Items of both parts are all over the file, and another key gives another file."""
    problem = under("predictions")
    items = problem.card().facts["hidden_items"]
    truth = np.array([_truth(problem, place, items) for place in range(0, items, 97)])
    assert 0.2 < truth[:, 0].mean() < 0.95
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    problem.publish(one, key=KEY)
    problem.publish(two, key=OTHER)
    first, second = (load_file(folder / "inputs.safetensors")["hidden"] for folder in (one, two))
    assert not np.allclose(np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1), atol=1e-3)


def _truth(problem: DirectProblem, place: int, items: int) -> tuple[bool, bool]:
    """Which part an item of the file decides: flipping its answer changes that one."""
    base, flipped = np.zeros(items), np.zeros(items)
    flipped[place] = 1
    changed = [
        not np.array_equal(
            problem.grade(encode(base), key=KEY, part=part).transfer,
            problem.grade(encode(flipped), key=KEY, part=part).transfer,
        )
        for part in ("verify", "final")
    ]
    assert sum(changed) == 1
    return changed[0], changed[1]


def test_marks_stand_on_the_same_items(tmp_path: Path) -> None:
    problem = under("predictions")
    data = published(problem, tmp_path / "data")
    for part in ("verify", "final"):
        marks = problem.marks((1, 2), key=KEY, part=part)
        assert (marks["weak teacher"].value, marks["ceiling"].value) == (0, 1)
        vanilla = answers_of("vanilla", data)["hidden"]
        outcomes = [problem.grade(vanilla, key=KEY, part=part)] * 2
        assert problem.summarise(outcomes).facts["transfer_acc"] == marks["vanilla"].facts["transfer_acc"]


def test_only_predictions_publish_hidden_inputs_and_no_label_anywhere(tmp_path: Path) -> None:
    shown = {name: published(under(name), tmp_path / name) for name in ("student", "predictions")}
    assert sorted(path.name for path in shown["student"].iterdir()) == ["task.json", "task.safetensors"]
    assert (shown["predictions"] / "task.safetensors").read_bytes() == (
        shown["student"] / "task.safetensors"
    ).read_bytes()
    inputs = load_file(shown["predictions"] / "inputs.safetensors")
    assert set(inputs) == {"dev", "dev_prior", "hidden", "hidden_prior"}
    flipped = W2SProblem(replace(pool_of(), label=other_labels()), W2SSettings(seconds=20)).under("predictions")
    again = published(flipped, tmp_path / "again")
    assert (again / "inputs.safetensors").read_bytes() == (shown["predictions"] / "inputs.safetensors").read_bytes()


def other_labels() -> Any:
    parts, label = split(pool_of()), pool_of().label.copy()
    for rows in (parts.verify.test, parts.final, parts.research.test):
        label[rows] = 1 - label[rows]
    return label


def test_texts_are_turned_and_ordered_as_the_features_are(tmp_path: Path) -> None:
    problem = under("predictions", load_embedded("chat"))
    folder = published(problem, tmp_path / "data")
    pairs = {(pair.prompt, frozenset((pair.good, pair.bad))): pair.good for pair in read_texts("chat")}
    for name, size in (("train", "train_items"), ("dev", "dev_items"), ("hidden", "hidden_items")):
        shown = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        assert len(shown) == problem.card().facts[size]
        assert all(set(item) == {"prompt", "first", "second"} for item in shown)
        second = [pairs[item["prompt"], frozenset((item["first"], item["second"]))] == item["second"] for item in shown]
        assert 0.4 < np.mean(second) < 0.6
        if name == "dev":
            assert problem.dev([encode(second)], key=KEY) == 1.0
        if name == "hidden":
            assert all(problem.grade(encode(second), key=KEY, part=part).transfer.all() for part in ("verify", "final"))


def test_the_pool_s_texts_are_read_under_this_protocol_only(tmp_path: Path) -> None:
    def fail() -> Any:
        raise AssertionError("texts were read")

    pool = replace(pool_of(), texts=fail)
    W2SProblem(pool, W2SSettings()).publish(tmp_path, key=KEY)
    published(under("student", pool), tmp_path / "student")
    with pytest.raises(AssertionError):
        published(under("predictions", pool), tmp_path / "predictions")


def test_the_runner_answers_visible_inputs(tmp_path: Path) -> None:
    data = published(under("predictions"), tmp_path / "data")
    method = tmp_path / "method"
    method.mkdir()
    (method / "method.py").write_text(METHOD)
    run(method, data=data, out=tmp_path / "out", seeds=[0])
    files = {name: (tmp_path / "out" / "0" / f"{name}.json").read_bytes() for name in ("dev", "hidden")}
    assert files == answers_of("vanilla", data)


@pytest.mark.parametrize("protocol", ["student", "predictions"])
def test_what_the_protocol_does_not_take_is_malformed(tmp_path: Path, protocol: ProtocolName) -> None:
    problem = under(protocol)
    data = published(under("predictions"), tmp_path / "data")
    wrong = answers_of("vanilla", data)["dev"]
    for call in (lambda: problem.grade(wrong, key=KEY, part="verify"), lambda: problem.dev([b"[2]"], key=KEY)):
        with pytest.raises(ResearcherError) as caught:
            call()
        assert caught.value.code == "malformed"


def test_the_card_says_what_to_hand_in() -> None:
    cards = {name: under(name).card() for name in ("student", "predictions")}
    assert "hand in the students that you have trained" in cards["student"].text
    assert (cards["student"].student_file, cards["student"].verify_file) == ("student.safetensors", None)
    told = cards["predictions"]
    assert (told.student_file, told.verify_file) == ("dev.json", "hidden.json")
    assert f"{told.facts['hidden_items']} for *verify*" in told.text
    assert "lower trust" in told.text
    for name, card in cards.items():
        assert card.facts["protocol"] == name
        assert "{" not in card.text
    own = W2SProblem(pool_of(), W2SSettings()).card()
    assert "trains a frozen method again" in own.text
    assert own.facts["protocol"] == "method"


def test_a_problem_that_cannot_and_too_few_files_are_refused() -> None:
    config = config_from_sets(["verify.protocol=student"])
    assert isinstance(W2SProblem(pool_of(), W2SSettings()), Direct)
    with pytest.raises(UserError, match="can only grade methods"):
        under_protocol(ToyProblem(ToySettings()), config)
    with pytest.raises(UserError, match=r"dev\.seeds is 1"):
        under_protocol(
            W2SProblem(pool_of(), W2SSettings()), config_from_sets(["verify.protocol=student", "dev.seeds=1"])
        )
    toy = ToyProblem(ToySettings())
    assert under_protocol(toy, config_from_sets([])) is toy
