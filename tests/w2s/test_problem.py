"""The problem behind the contract: what leaves it, what does not, and what its scores mean."""

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import aarlab
from aarlab.errors import ResearcherError, UserError
from aarlab.problem.contract import Problem, ProblemKind
from aarlab.w2s import Student, Task
from aarlab.w2s.methods import METHODS, runnable
from aarlab.w2s.problem import W2S, W2SProblem, W2SSettings
from aarlab.w2s.splits import split
from aarlab.w2s.world import World
from tests.support.synthetic import synthetic_pool

KEY = b"k" * 32
OTHER = b"o" * 32
SOURCE = Path(aarlab.__file__).parent


@cache
def problem(kind: str = "pairs", *, roles: bool = False) -> W2SProblem:
    pool = synthetic_pool(kind="pairs" if kind == "pairs" else "choices", roles=roles, per_group=2)
    return W2SProblem(pool, W2SSettings(seconds=5))


def hash_of(folder: Path) -> str:
    files = sorted(folder.iterdir())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def published(found: W2SProblem, folder: Path, *, key: bytes = KEY) -> Path:
    folder.mkdir()
    found.publish(folder, key=key)
    return folder


# ---- what leaves --------------------------------------------------------------------------------------------


def test_it_is_a_problem_of_the_contract() -> None:
    kind: ProblemKind = W2S
    found: Problem = problem()
    assert kind.settings is W2SSettings
    assert isinstance(found, Problem)


@pytest.mark.parametrize("roles", [False, True])
def test_a_published_task_holds_the_declared_numbers_and_nothing_else(tmp_path: Path, roles: bool) -> None:
    folder = published(problem(roles=roles), tmp_path / "data")
    assert {path.name for path in folder.iterdir()} == {"task.safetensors", "task.json"}
    tensors = load_file(folder / "task.safetensors")
    assert {name: array.dtype for name, array in tensors.items()} == dict.fromkeys(
        ("hidden", "prior", "teacher"), np.dtype(np.float32)
    )
    facts = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    assert set(facts) == {"antisymmetric", "backend", "dimension", "domain", "format", "items", "seconds"}
    task = Task.load(folder)
    assert task.hidden.shape == (problem(roles=roles).card().facts["train_items"], 48)
    assert np.sqrt(np.mean(task.hidden**2)) == pytest.approx(1, abs=0.02)
    assert 0 < task.teacher.min() < task.teacher.max() < 1
    assert task.seconds == 5


def test_the_same_key_publishes_the_same_bytes_and_another_key_others(tmp_path: Path) -> None:
    first, again, other = (
        hash_of(published(problem(), tmp_path / name, key=key))
        for name, key in (("first", KEY), ("again", KEY), ("other", OTHER))
    )
    assert first == again != other
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        (tmp_path / name).mkdir()
        problem().draw(seed).publish(tmp_path / name)
    assert hash_of(tmp_path / "a") == hash_of(tmp_path / "b") != hash_of(tmp_path / "c")


@pytest.mark.parametrize("roles", [False, True])
def test_hidden_labels_leave_no_trace_in_what_is_published(tmp_path: Path, roles: bool) -> None:
    """Non-interference: other labels of the verify and final parts, and of all student inputs, change no byte."""
    pool = synthetic_pool(roles=roles)
    parts = split(pool)
    scrambled = pool.label.copy()
    for part in (parts.verify.teacher, parts.verify.train, parts.verify.test, parts.final, parts.research.train):
        scrambled[part] = 1 - scrambled[part]
    other = W2SProblem(replace(pool, label=scrambled), W2SSettings())
    one = W2SProblem(pool, W2SSettings())
    assert hash_of(published(one, tmp_path / "one")) == hash_of(published(other, tmp_path / "other"))
    assert one.card() == other.card()
    students = [METHODS["vanilla"](one.research(KEY).task, seed=0).to_bytes()]
    assert one.dev(students, key=KEY) == other.dev(students, key=KEY)


def test_the_card_says_sizes_and_rules_and_is_json() -> None:
    card = problem().card()
    json.dumps(dict(card.facts))
    assert card.name == "w2s/synthetic"
    assert set(runnable(model=False)) == set(card.facts["methods"])
    assert {"{method}", "{data}", "{out}", "{seed}"} <= set(card.run)
    assert "disqualified" in card.text
    assert "{" not in card.text.replace("{method}", "")
    assert 0 < card.facts["expected_half_width"] < 1


# ---- scores -------------------------------------------------------------------------------------------------


def with_truth(world: World) -> Task:
    """The control that knows the answers."""
    return replace(world.task, teacher=world.truth.astype(np.float32))


def with_shuffled_teacher(world: World) -> Task:
    """The control whose teacher knows nothing."""
    return replace(world.task, teacher=np.random.default_rng(0).permutation(world.task.teacher))


@pytest.mark.parametrize("kind", ["pairs", "choices"])
def test_true_labels_score_one_and_a_shuffled_teacher_nothing(kind: str) -> None:
    found = problem(kind)
    draws = [found.draw(seed) for seed in range(4)]
    truth, shuffled = (
        found.summarise([d.grade(METHODS["vanilla"](make(d.world), seed=0).to_bytes()) for d in draws])
        for make in (with_truth, with_shuffled_teacher)
    )
    assert truth.value == pytest.approx(1, abs=1e-9)
    assert shuffled.value is not None
    assert shuffled.value < 0
    assert shuffled.facts["transfer_acc"] == pytest.approx(0.5, abs=0.06)


def test_controls_differ_in_the_teacher_only() -> None:
    world = problem().draw(7).world
    real, shuffled, other = (world.task_of(variant) for variant in ("real", "shuffled teacher", "other teacher"))
    for control in (shuffled, other):
        assert np.array_equal(control.hidden, real.hidden)
        assert np.array_equal(control.prior, real.prior)
    assert np.array_equal(np.sort(shuffled.teacher), np.sort(real.teacher))
    right = [(np.asarray(task.hard) == world.truth).mean() for task in (real, shuffled, other)]
    assert right[1] == pytest.approx(0.5, abs=0.06)
    assert right[2] == pytest.approx(right[0], abs=0.06)
    assert right[0] > 0.6


@pytest.mark.parametrize("roles", [False, True])
def test_the_final_part_grades_the_same_training(roles: bool) -> None:
    found = problem(roles=roles)
    verify, final = found.draw(3).world, found.draw(3, part="final").world
    assert np.array_equal(verify.task.hidden, final.task.hidden)
    assert np.array_equal(verify.task.teacher, final.task.teacher)
    items = found.card().facts["sets"]["final"]["items"]
    outcome = final.outcome(final.untrained)
    assert len(outcome.group) == items
    assert not set(outcome.group) & set(verify.outcome(verify.untrained).group)


@pytest.mark.parametrize("roles", [False, True])
def test_references_stand_between_teacher_and_ceiling(roles: bool) -> None:
    marks = problem(roles=roles).references(range(4))
    assert marks["weak teacher"].value == 0
    assert marks["ceiling"].value == 1
    vanilla = marks["vanilla"]
    assert vanilla.value is not None
    assert vanilla.low is not None
    assert 0 < vanilla.value < 1
    assert vanilla.facts["strong_acc"] - vanilla.facts["weak_acc"] > 0.08
    assert problem(roles=roles).references(range(4)) == marks


def test_a_row_is_a_pure_function_of_pool_method_and_seeds() -> None:
    """Whoever studies, and in whatever order: the same score."""
    other = W2SProblem(synthetic_pool(per_group=2), W2SSettings(seconds=5))
    scores = []
    for found, seeds in ((problem(), (3, 4)), (other, (3, 4))):
        outcomes = {}
        for seed in sorted(seeds, reverse=found is other):
            draw = found.draw(seed)
            outcomes[seed] = draw.grade(METHODS["ensemble"](draw.world.task, seed=seed).to_bytes())
        scores.append(found.summarise([outcomes[seed] for seed in seeds]))
    assert scores[0] == scores[1]


@pytest.mark.parametrize("kind", ["pairs", "choices"])
def test_weights_from_another_draw_are_worth_nothing(kind: str) -> None:
    """The basis is private: a student that is perfect at home answers by chance elsewhere."""
    found = problem(kind)
    home = found.draw(1).world
    student = METHODS["vanilla"](with_truth(home), seed=0)
    assert home.right(student).mean() > 0.8
    elsewhere = [found.draw(seed).world.right(student).mean() for seed in range(2, 14)]
    assert np.mean(elsewhere) == pytest.approx(0.5, abs=0.05)
    assert found.dev([student.to_bytes()] * 2, key=OTHER) < 0.7


def test_orientation_is_a_fair_coin_of_each_draw() -> None:
    """A student that always says "the second" is right half the time, although every stored label is the same."""
    pool = synthetic_pool()
    sign = np.where(pool.label == 1, 1, -1).astype(np.float32)
    stored = replace(
        pool,
        strong=pool.strong * sign[:, None],
        weak=pool.weak * sign[:, None],
        prior=pool.prior * sign,
        label=np.ones_like(pool.label),
    )
    found = W2SProblem(stored, W2SSettings())
    worlds = [found.draw(seed).world for seed in range(3)] + [found.research(KEY)]
    for world in worlds:
        assert world.truth.mean() == pytest.approx(0.5, abs=0.08)
        assert world.right(METHODS["zero_shot"](world.task, seed=0)).mean() > 0.7
    assert not np.array_equal(worlds[0].truth[:50], worlds[1].truth[:50])


def test_malformed_students_are_refused_everywhere() -> None:
    for grade in (problem().draw(1).grade, lambda data: problem().dev([data], key=KEY)):
        with pytest.raises(ResearcherError) as caught:
            grade(b"not a student")
        assert caught.value.code == "malformed"


def test_dev_is_the_mean_accuracy_over_students() -> None:
    world = problem().research(KEY)
    students = [METHODS["ensemble"](world.task, seed=seed) for seed in range(3)]
    expected = np.mean([world.right(student).mean() for student in students])
    assert problem().dev([s.to_bytes() for s in students], key=KEY) == pytest.approx(expected)
    assert problem().dev([Student.linear(np.zeros(48)).to_bytes()], key=KEY) == pytest.approx(0.5, abs=0.06)


def test_a_pool_in_which_nothing_tells_the_truth_is_refused_a_pgr() -> None:
    found = W2SProblem(synthetic_pool(strength=0.0), W2SSettings())
    score = found.references(range(3))["vanilla"]
    assert score.value is None
    assert score.refusal is not None
    assert "not measurably above" in score.refusal


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"domain": "poetry"}, "chat, math, code"),
        ({"pair": "large", "weak_layer": 3}, "leave weak_layer and strong_layer out"),
        ({"pair": "large", "data": "/nowhere"}, "problem.pair belongs to embedded data"),
        ({"data": "/nowhere"}, "/nowhere"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_one_line(
    tmp_path: Path, settings: dict[str, object], line: str
) -> None:
    with pytest.raises(UserError, match=line):
        W2S.build(W2SSettings.model_validate(settings), cache=tmp_path)


def test_settings_are_part_of_the_digest() -> None:
    pool = synthetic_pool(items=1000)
    digests = {W2SProblem(pool, W2SSettings(l2=l2)).digest for l2 in (0.1, 0.2)}
    digests.add(W2SProblem(synthetic_pool(items=1000, seed=1), W2SSettings()).digest)
    assert len(digests) == 3
