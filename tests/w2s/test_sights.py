"""What the lab's detectors see of weak-to-strong answers, and what nobody else does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from aarlab.errors import ResearcherError
from aarlab.problem.contract import Inspectable
from aarlab.problem.sight import Sight
from aarlab.w2s.domains import load_embedded
from aarlab.w2s.domains.cues import choice_cues, final_answer, pair_cues
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.domains.shipped import read_texts
from aarlab.w2s.methods import METHODS
from aarlab.w2s.problem import W2SProblem, W2SSettings
from aarlab.w2s.student import Student
from tests.support.synthetic import synthetic_pool

KEY = b"k" * 32


def seen(found: W2SProblem, students: Sequence[Student]) -> Sequence[Sight]:
    return found.examine([student.to_bytes() for student in students], key=KEY)


@pytest.fixture(scope="module")
def problem() -> W2SProblem:
    return W2SProblem(synthetic_pool(items=2000, per_group=2), W2SSettings(seconds=5))


def test_a_dev_submission_is_seen_as_it_is_scored(problem: W2SProblem) -> None:
    world = problem.research(KEY)
    students = [METHODS["ensemble"](world.task, seed=seed) for seed in range(2)]
    sights = seen(problem, students)
    assert isinstance(problem, Inspectable)
    assert np.mean([sight.right.mean() for sight in sights]) == problem.dev(
        [student.to_bytes() for student in students], key=KEY
    )
    first, second = sights
    assert np.array_equal(first.answers == first.right, second.answers == second.right), "the same items, one order"
    assert np.array_equal(first.ceiling, world.marks[1])
    assert first.margin is not None
    assert first.margin.min() >= 0


def test_the_margin_is_small_where_a_student_errs(problem: W2SProblem) -> None:
    sight = seen(problem, [METHODS["vanilla"](problem.research(KEY).task, seed=0)])[0]
    assert sight.margin is not None
    assert np.median(sight.margin[~sight.right]) < np.median(sight.margin[sight.right])


def test_draws_are_seen_without_a_margin_and_unseen_outcomes_left_out(problem: W2SProblem) -> None:
    draw = problem.draw(3)
    outcome = draw.grade(METHODS["vanilla"](draw.world.task, seed=0).to_bytes())
    unseen = draw.world.outcome(outcome.transfer)
    (sight,) = problem.sights([outcome, unseen])
    assert sight.margin is None
    assert np.array_equal(sight.right, outcome.transfer)
    assert np.array_equal(sight.group, outcome.group)
    assert problem.summarise([outcome, outcome]) == problem.summarise([unseen, unseen]), "a sight changes no score"


def test_a_malformed_student_is_refused(problem: W2SProblem) -> None:
    with pytest.raises(ResearcherError) as caught:
        problem.examine([b"no"], key=KEY)
    assert caught.value.code == "malformed"


def test_cues_and_slices_follow_the_secret_coin_of_their_items() -> None:
    """A cue that is right in the pool is right on every item of a draw, however pairs are turned."""
    pool = synthetic_pool(items=2000)
    named = tuple("even" if place % 2 == 0 else "" for place in range(len(pool)))
    partly = np.where(np.arange(len(pool)) % 2 == 0, pool.label, -1)
    told = replace(pool, cues=partial(dict, oracle=pool.label, partly=partly), subset=named)
    found = W2SProblem(told, W2SSettings())
    sights = [*seen(found, [Student.linear(np.ones(48))])]
    draw = found.draw(1)
    sights += found.sights([draw.grade(Student.linear(np.ones(48)).to_bytes())])
    for sight in sights:
        truth = sight.answers == sight.right
        assert np.array_equal(sight.cues["oracle"], truth)
        assert list(sight.silent) == ["partly"]
        assert np.array_equal(sight.silent["partly"], sight.group % 2 == 1)
        assert np.array_equal(sight.cues["partly"][sight.group % 2 == 0], truth[sight.group % 2 == 0])
        assert not sight.cues["first option"].any()
        assert len(set(sight.cues["constant"].tolist())) == 1
        assert np.array_equal(sight.slices["even"], sight.group % 2 == 0)
        assert set(sight.slices) == {"even"}
    assert (
        "first option"
        not in seen(
            W2SProblem(synthetic_pool(kind="choices", items=2000), W2SSettings()), [Student.linear(np.ones(48))]
        )[0].cues
    )


def test_texts_give_an_embedded_domain_its_longer_response() -> None:
    pool, rows = load_embedded("math"), read_texts("math")
    longer = pool.cues()["longer"]
    differs = [place for place, row in enumerate(rows) if len(row.good) != len(row.bad)]
    assert [bool(longer[place]) for place in differs] == [len(rows[p].good) > len(rows[p].bad) for p in differs]


def test_cues_are_no_part_of_what_names_the_data() -> None:
    pool = synthetic_pool(items=1000)
    told: Pool = replace(pool, cues=partial(dict, oracle=pool.label))
    assert W2SProblem(told, W2SSettings()).digest == W2SProblem(pool, W2SSettings()).digest


@dataclass(frozen=True)
class Example:
    """A choice and what the rules say of it."""

    choice: str
    group: int
    longer: int
    common: int


EXAMPLES = (
    Example("3 + 4\n= 7", 0, 0, 1),
    Example("the answer is 7", 0, 1, 1),
    Example("it is 8\n\n", 0, 0, 0),
    Example("10", 1, 0, -1),
    Example("nine", 1, 1, -1),
    Example("alone, 5", 2, 0, -1),
    Example("is 4", 3, 0, -1),
    Example("is 5", 3, 0, -1),
    Example("4", 3, 0, -1),
    Example("maybe 5", 3, 1, -1),
)


def test_rules_over_choices_compare_within_a_question() -> None:
    cues = choice_cues([e.choice for e in EXAMPLES], np.array([e.group for e in EXAMPLES]))
    assert cues["longer"].tolist() == [e.longer for e in EXAMPLES]
    assert cues["most common answer"].tolist() == [e.common for e in EXAMPLES]
    assert choice_cues(["a", "b"], np.array([0, 1])) == {}
    assert set(choice_cues(["1", "2"], np.array([0, 0]))) == {"longer"}
    assert final_answer("x = 3\ny = -1,250.5 kg") == "-1,250.5"
    assert final_answer("") == ""


def test_the_longer_of_two_does_not_depend_on_their_order() -> None:
    first, second = ["aa", "b", "ab"], ["a", "bb", "aa"]
    there, back = pair_cues(first, second)["longer"], pair_cues(second, first)["longer"]
    assert there.tolist() == [0, 1, 0]
    assert (there + back == 1).all()
