"""Recipes, and the methods that are written from them."""

import ast
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aarlab.minds.search import compose
from aarlab.minds.search.space import REGIONS, SPACE, Recipe, draw, mutate, region
from aarlab.w2s.methods import FAMILIES
from aarlab.w2s.runner import load_method
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task

recipes = st.builds(Recipe, **{name: st.sampled_from(values) for name, values in SPACE.items()})
PLAIN = Recipe("teacher", 0, "none", 1, "everything", "hard", 0.1, 0, 1)


@pytest.fixture(scope="module")
def task() -> Task:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300) * 2 - 1
    hidden = rng.standard_normal((300, 160)).astype(np.float32)
    hidden[:, 0] += truth
    teacher = 1 / (1 + np.exp(-(truth + 1.5 * rng.standard_normal(300))))
    prior = (truth + rng.standard_normal(300)).astype(np.float32)
    return Task(hidden, teacher.astype(np.float32), prior, antisymmetric=True, domain="test", seconds=60.0)


@given(recipes)
def test_a_settled_recipe_reads_back_and_stays_settled(recipe: Recipe) -> None:
    settled = recipe.settled()
    assert Recipe.read(settled.plain()) == settled
    assert settled.settled() == settled


@given(recipes)
def test_every_recipe_becomes_a_method_a_title_and_a_family(recipe: Recipe) -> None:
    files = compose.files(recipe.settled(), why="Because.")
    ast.parse(files["method.py"])
    assert set(files) == {"method.py", "config.json", "README.md"}
    assert len(compose.title(recipe)) <= 200
    assert compose.family(recipe) in FAMILIES
    assert "Because." in files["README.md"]


@given(recipes, recipes)
def test_different_methods_have_different_titles(one: Recipe, other: Recipe) -> None:
    one, other = one.settled(), other.settled()
    assert (compose.title(one) == compose.title(other)) == (one == other)


VARIANTS = [(name, value) for name, values in SPACE.items() for value in values]


@pytest.mark.parametrize(("name", "value"), VARIANTS, ids=lambda word: str(word))
def test_each_value_of_each_dimension_trains_a_student(task: Task, tmp_path: Path, name: str, value: object) -> None:
    recipe = Recipe(**{**PLAIN.plain(), "refine": "mutual", "select": "half", name: value}).settled()
    train_and_check(recipe, task, tmp_path)


@settings(max_examples=15, deadline=None)
@given(recipe=recipes)
def test_random_recipes_train_students(task: Task, tmp_path_factory: pytest.TempPathFactory, recipe: Recipe) -> None:
    train_and_check(recipe.settled(), task, tmp_path_factory.mktemp("method"))


def train_and_check(recipe: Recipe, task: Task, folder: Path) -> None:
    for name, text in compose.files(recipe, why="").items():
        (folder / name).write_text(text)
    student = load_method(folder)(task, seed=0)
    assert isinstance(student, Student)
    right = (student.predict(task.hidden) > 0) == (task.hidden[:, 0] > 0)
    assert right.mean() > 0.5


def test_what_is_no_point_of_the_space_is_no_recipe() -> None:
    assert Recipe.read({}) is None
    assert Recipe.read({**PLAIN.plain(), "l2": 0.11}) is None
    assert Recipe.read({**PLAIN.plain(), "more": 1}) is None
    assert Recipe.read({**PLAIN.plain(), "source": ["teacher"]}) is None
    odd = Recipe.read({**PLAIN.plain(), "rounds": True})
    assert odd is not None
    assert odd.rounds is not True


@pytest.mark.parametrize("family", [*REGIONS, "unheard of"])
def test_a_region_is_inside_the_space(family: str) -> None:
    for name, values in region(family).items():
        assert set(values) <= set(SPACE[name])
    assert draw(region(family), rng=Random(0)) == draw(region(family), rng=Random(0))


def test_a_mutation_changes_little() -> None:
    for seed in range(50):
        other = mutate(PLAIN, rng=Random(seed))
        changed = [name for name in SPACE if getattr(other, name) != getattr(PLAIN, name)]
        assert len(changed) <= 5  # two drawn anew, and what they make ineffective
