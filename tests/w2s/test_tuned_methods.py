"""The methods where the task has a model: the last fit is an adapter, and some let the model read or write."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aarlab.errors import ResearcherError, UserError
from aarlab.w2s.fit import sigmoid
from aarlab.w2s.methods import METHODS, final, labels, runnable, select
from aarlab.w2s.methods.few_shot import _drawn, _Search, read
from aarlab.w2s.runner import load_method
from aarlab.w2s.student import Student
from aarlab.w2s.task import Bools, Floats, Task
from aarlab.w2s.tuned import AnyStudent, Tuned
from tests.support.hashed_model import MODULE, SHAPES, WIDTH, HashedModel, model_task

ROOT = Path(__file__).resolve().parents[2]
DIRECTIONS = {"ccs", "low_rank", "mean_difference", "principal"}
"""Students that are a direction in hidden states give heads on either backend."""
BLIND = {"ccs", "principal"}


@cache
def made(kind: str = "pairs") -> tuple[Task, Bools]:
    return model_task(kind)


def fresh(kind: str = "pairs", **changes: object) -> tuple[Task, HashedModel]:
    """A task whose model has no history."""
    task, _ = made(kind)
    assert isinstance(task.strong, HashedModel)
    model = replace(task.strong, asked=[], prompted=[], trained=[], **changes)
    return replace(task, strong=model), model


def answers(task: Task, student: AnyStudent) -> Floats:
    """[n] logits for the train inputs, of a student that went through a file."""
    if isinstance(student, Tuned):
        return task.model.logits(Tuned.from_bytes(student.to_bytes(), shapes=SHAPES, max_bytes=1 << 20))
    read = Student.from_bytes(student.to_bytes(), dimension=task.dimension, antisymmetric=task.antisymmetric)
    return read.predict(task.hidden)


@pytest.mark.parametrize("kind", ["pairs", "choices"])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_a_valid_student(name: str, kind: str) -> None:
    task, truth = made(kind)
    student = METHODS[name](task, seed=3)
    assert isinstance(student, Student if name in DIRECTIONS else Tuned)
    assert METHODS[name](task, seed=3).to_bytes() == student.to_bytes()
    if name not in BLIND:
        assert ((answers(task, student) > 0) == truth).mean() > 0.6


def test_all_methods_can_run_with_a_model() -> None:
    assert runnable(model=True) == dict(METHODS)
    assert set(METHODS) - set(runnable(model=False)) == {"critic", "few_shot"}


@pytest.mark.parametrize(("name", "setting"), [(one.name, name) for one in METHODS.values() for name in one.heads_only])
def test_settings_of_heads_are_refused_where_adapters_are_trained(name: str, setting: str) -> None:
    task, _ = made()
    value = METHODS[name].settings[setting]
    with pytest.raises(UserError, match=f"{name}: {setting} is a setting of heads"):
        METHODS[name](task, seed=0, **{setting: value})
    METHODS[name].check({setting: value}, model=False)


def test_no_other_setting_is_ignored_where_adapters_are_trained() -> None:
    """Each `l2` that is not refused is that of a head on the way."""
    task, _ = made()
    for found in METHODS.values():
        if "l2" in found.settings and "l2" not in found.heads_only:
            settings = {"way": "student"} if found.name == "agreement" else {}
            one, other = (found(task, seed=0, l2=l2, **settings).to_bytes() for l2 in (1e-4, 10.0))
            assert one != other, found.name


# ---- the last fit -------------------------------------------------------------------------------------------


def test_one_call_is_a_head_without_a_model_and_an_adapter_with_one() -> None:
    task, model = fresh()
    weight = select.top(task, labels.teacher(task), share=0.5)
    assert isinstance(final.student(replace(task, strong=None), task.hard, weight=weight), Student)
    tuned = final.student(task, task.hard, weight=weight, seed=4)
    assert tuned.to_bytes() == model.finetune(task.hard, weight=weight, seed=4).to_bytes()
    assert model.trained[0] == (5.0, 120, False)


def test_passes_are_the_tasks_unless_asked_for() -> None:
    task, model = fresh()
    METHODS["auxiliary_confidence"](task, seed=0)
    METHODS["auxiliary_confidence"](task, seed=0, epochs=2)
    assert [epochs for epochs, _, _ in model.trained] == [5.0, 2]


def test_an_ensemble_is_an_adapter_for_each_sample() -> None:
    task, model = fresh()
    student = METHODS["ensemble"](task, seed=0, trim=0.25)
    assert isinstance(student, Tuned)
    assert (len(student.adapters), student.aggregation, len(model.trained)) == (4, "trimmed mean", 4)
    assert len({adapter.up[MODULE].tobytes() for adapter in student.adapters}) == 4
    with pytest.raises(ResearcherError, match="1 to 16 adapters"):
        METHODS["ensemble"](task, seed=0, members=17)


def test_a_curriculum_divides_the_tasks_passes_and_goes_on_from_its_checkpoint() -> None:
    task, model = fresh()
    METHODS["curriculum"](task, seed=0, share=0.25)
    assert model.trained == [(2.0, 60, False), (3.0, 240, True)]


def test_stopping_early_trains_pass_by_pass_on_the_rest_of_the_items() -> None:
    task, model = fresh(rate=1e-9)  # learns nothing, so that the first pass stays the best one
    METHODS["early_stopping"](task, seed=0, patience=2)
    assert [(epochs, started) for epochs, _, started in model.trained] == [(1, False), (1, True), (1, True)]
    assert {items for _, items, _ in model.trained} == {int((np.random.default_rng(0).random(240) >= 0.2).sum())}


def test_generations_are_students_of_equal_size() -> None:
    task, model = fresh()
    METHODS["born_again"](task, seed=0, turns=2)
    assert len(model.trained) == 3


@pytest.mark.parametrize("both_orders", [False, True])
def test_losses_find_their_items_in_whatever_order_a_pair_is_trained(both_orders: bool) -> None:
    task, model = fresh(rate=0.0, bias=0.0, both_orders=both_orders)
    first, last = final.losses(task, task.hard, seed=0, epochs=2)
    expected = np.logaddexp(0, -(2 * task.hard - 1) * model.logits())
    assert first == pytest.approx(expected)
    assert last == pytest.approx(expected)


def test_losses_fall_more_where_labels_are_right() -> None:
    task, _ = fresh(both_orders=True, matrix=np.zeros((2, WIDTH)))
    first, last = final.losses(task, task.hard, seed=0, epochs=5)
    right = (task.hard == 1) == made()[1]
    assert (first - last)[right].mean() > (first - last)[~right].mean()


def test_evolution_makes_adapters_surer_at_the_same_length() -> None:
    task, model = fresh()
    before, after = (METHODS["evolution"](task, seed=0, generations=count, members=1) for count in (0, 12))
    assert isinstance(before, Tuned)
    assert isinstance(after, Tuned)
    sure = [float(np.abs(2 * sigmoid(model.logits(one)) - 1).mean()) for one in (before, after)]
    assert sure[1] > sure[0]
    lengths = [float(np.linalg.norm(one.adapters[0].up[MODULE].astype(np.float64))) for one in (before, after)]
    assert lengths[1] == pytest.approx(lengths[0], rel=1e-2)
    assert np.array_equal(before.adapters[0].down[MODULE], after.adapters[0].down[MODULE])


# ---- the model reads and writes -----------------------------------------------------------------------------


def search_of(task: Task, first: Bools, *, seed: int = 0, weight: float = 50.0) -> _Search:
    rng = np.random.default_rng(seed)
    return _Search(task, _drawn(task, 60, rng), first, rng, shots=6, weight=weight)


@pytest.mark.parametrize("kind", ["pairs", "choices"])
def test_annealing_ends_with_labels_that_explain_each_other_better(kind: str) -> None:
    task, _ = fresh(kind)
    search = search_of(task, task.hard > 0.5)
    before = search._utility
    for place in list(range(60)) * 3:
        search.propose(place, 1e-9, 0.5)
    assert search._utility > before
    assert search._utility == pytest.approx(search._value(search.logits, search.labels))
    exact = search._read(np.arange(60), search.labels)
    assert search.logits == pytest.approx(exact)  # what was not read again had not changed


def test_what_was_read_is_remembered() -> None:
    task, model = fresh()
    search = search_of(task, task.hard > 0.5)
    assert model.asked == [60, 60]  # both orders
    search._read(np.arange(60), search.labels)
    assert model.asked == [60, 60]
    search._read(np.arange(3), ~search.labels)
    assert model.asked[2:] == [3, 3]


def test_two_answers_to_one_question_are_not_both_right_in_the_end() -> None:
    task, _ = fresh("choices")
    search = search_of(task, np.ones(task.items, dtype=bool), weight=10.0)
    assert all(len(rivals) == 1 for rivals in search._rivals.values())
    for step, place in enumerate(list(range(60)) * 4):
        search.propose(place, 10 / (1 + 10 * np.log1p(step)), 0.5)
    both = sum(search.labels[place] and search.labels[rivals].any() for place, rivals in search._rivals.items())
    assert both == 0


def test_a_pair_is_read_in_both_orders_so_that_a_swap_turns_the_answer() -> None:
    task, model = fresh()
    rows = np.arange(5)
    examples = [["Question: q\nAnswer A: bad1\nAnswer B: good1\nLabel: B"]] * 5
    turned = replace(model, items=[(item[0], item[2], item[1]) for item in model.items])
    straight = read(task, rows, examples)
    assert read(replace(task, strong=turned), rows, examples) == pytest.approx(-straight)


def test_the_judge_of_critiques_believes_a_critic_as_far_as_the_teacher_bears_it_out() -> None:
    """A model that holds the opposite of the truth writes critiques that are right when read the other way."""
    task, _ = fresh()
    assert isinstance(task.strong, HashedModel)
    liar = replace(task.strong, matrix=-2 * task.strong.matrix, bias=0.0)
    deceived = replace(task, strong=liar, prior=-task.prior)
    truth = made()[1]
    assert ((liar.logits() > 0) == truth).mean() < 0.4
    assert ((answers(deceived, METHODS["critic"](deceived, seed=0)) > 0) == truth).mean() > 0.6


def test_no_item_meets_a_critique_that_was_chosen_by_its_own_label() -> None:
    task, model = fresh()
    METHODS["critic"](task, seed=6, practised=16, turns=2)
    half = np.random.default_rng(6).random(task.items) < 0.5
    asked = [[int(number) for number in re.findall(r"question (\d+)", prompt)] for prompt in model.prompted]
    assert all(number not in shown for *shown, number in asked)
    labelled = [numbers for numbers in asked if len(numbers) == 3 and half[numbers[0]] != half[numbers[-1]]]
    assert sorted(number for *_, number in labelled) == sorted([*range(task.items)] * 3)
    assert len(asked) - len(labelled) == 3 * 2 * 2 * 16  # practice: ways, halves, turns, items


def test_an_unknown_start_is_refused() -> None:
    with pytest.raises(UserError, match="start must be one of"):
        METHODS["few_shot"](made()[0], seed=0, start="truth")


# ---- a method of one's own ----------------------------------------------------------------------------------


def test_the_example_of_the_documentation_fine_tunes(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "your-method.md").read_text()
    section = text.partition("## Methods that fine-tune")[2]
    (code,) = re.findall(r"```python\n(.+?)```", section, flags=re.DOTALL)
    (tmp_path / "method.py").write_text(code)
    task, model = fresh()
    student = load_method(tmp_path)(task, seed=1)
    assert isinstance(student, Tuned)
    assert [(epochs, started) for epochs, _, started in model.trained] == [(1, False), *[(5.0, True)] * 3]
    assert len(student.adapters) == 3
    assert ((answers(task, student) > 0) == made()[1]).mean() > 0.6


def test_the_first_example_of_the_documentation_trains_on_either_backend(tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.+?)```", (ROOT / "docs" / "your-method.md").read_text(), flags=re.DOTALL)[0]
    (tmp_path / "method.py").write_text(code)
    train = load_method(tmp_path)
    task, _ = fresh()
    assert isinstance(train(task, seed=0), Tuned)
    assert isinstance(train(replace(task, strong=None), seed=0), Student)
