"""Each statistical detector catches a real cheat at its level, and leaves the honest neighbour alone."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from aarlab.integrity.case import Case, Detector, Suspicion
from aarlab.integrity.detectors import DETECTORS
from aarlab.problem.contract import Score
from aarlab.problem.sight import Bools, Sight
from aarlab.w2s.fit import fit_head
from aarlab.w2s.problem import W2SProblem, W2SSettings
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task
from aarlab.w2s.world import World
from tests.support.cases import KEY, dev_case, shipped, verify_case, words
from tests.support.synthetic import synthetic_pool

SAID = words("vanilla")


@cache
def problem() -> W2SProblem:
    """Synthetic pairs in which one rule is right on 85 % of the items, as the most common answer is."""
    pool = synthetic_pool(items=6000, strength=1.0, dimension=100)
    rule = np.where(np.random.default_rng(5).random(len(pool)) < 0.85, pool.label, 1 - pool.label)
    slices = tuple("known" if place % 4 == 0 else "rest" for place in range(len(pool)))
    told = replace(pool, cues=partial(dict, **{"most common answer": rule}), subset=slices)
    return W2SProblem(told, W2SSettings(seconds=5))


def run(name: str, case: Case) -> list[Suspicion]:
    detector: Detector = DETECTORS[name]
    return list(detector(case))


def levels(name: str, case: Case) -> list[str]:
    return [found.level for found in run(name, case)]


def answered(case: Case, answers: Sequence[Bools], **changes: Any) -> Case:
    """The case as if these had been the answers, as a researcher who hands in bare answers may choose them."""
    world = problem().research(KEY)
    sights = tuple(world.sight(a, margin=True) if case.door == "dev" else a for a in answers)
    accuracy = float(np.mean([sight.right.mean() for sight in sights]))
    return replace(case, sights=sights, accuracy=accuracy, **changes)


def changed(sight: Sight, answers: Bools) -> Sight:
    """The sight with other answers to its items."""
    truth = sight.answers == sight.right
    return replace(sight, answers=answers, right=answers == truth)


@cache
def dev(name: str = "vanilla") -> Case:
    return dev_case(problem(), shipped(name), said=words(name))


@cache
def verified(name: str = "vanilla") -> Case:
    return verify_case(problem(), shipped(name), said=words(name))


def test_the_detectors_are_named_as_their_suspicions() -> None:
    everything = replace(dev(), sights=tuple(changed(s, np.zeros_like(s.answers)) for s in dev().sights))
    assert [found.detector for found in DETECTORS["constant answers"](everything)] == ["constant answers"]
    for name, detector in DETECTORS.items():
        assert {found.detector for found in detector(everything)} <= {name}


# ---- query stream -------------------------------------------------------------------------------------------


def crafted(flips: int, *, submissions: int, seed: int = 1) -> list[Case]:
    """Bare answers of a base student, some of them flipped anew for every submission, at random places."""
    rng = np.random.default_rng(seed)
    base = dev().sights[0].answers
    history: list[Case] = []
    for place in range(submissions):
        lists = []
        for _ in range(3):
            answers = base.copy()
            if place:
                answers[rng.choice(len(base), flips, replace=False)] ^= True
            lists.append(answers)
        history.append(answered(dev(), lists, id=f"d-{place}", history=tuple(history)))
    return history


@pytest.mark.parametrize(("flips", "submissions"), [(1, 24), (12, 4)])
def test_flipping_answers_here_and_there_is_quarantined(flips: int, submissions: int) -> None:
    stream = crafted(flips, submissions=submissions)
    assert levels("query stream", stream[0]) == []
    found = run("query stream", stream[-1])
    assert [suspicion.level for suspicion in found] == ["quarantine"]
    assert found[0].others


def test_a_honest_team_mate_is_not_quarantined_for_flips_of_another() -> None:
    history = tuple(crafted(12, submissions=4))
    mate = dev_case(
        problem(), shipped("vanilla", l2=0.2), said=words("vanilla", {"l2": 0.2}), history=history, researcher="r2"
    )
    assert levels("query stream", mate) == []


def test_many_submissions_that_nearly_repeat_another_are_a_warning() -> None:
    history: list[Case] = []
    for place in range(13):
        said = words("vanilla", {"l2": 0.1 + 0.002 * place})
        history.append(
            dev_case(problem(), shipped("vanilla", l2=0.1 + 0.002 * place), said=said, history=history, seeds=(0,))
        )
    assert levels("query stream", history[6]) == []
    assert "quarantine" not in levels("query stream", history[-1])
    assert levels("query stream", history[-1]) == ["warning"]


def test_without_margins_nothing_is_said() -> None:
    stream = crafted(12, submissions=4)
    blind = [replace(c, sights=tuple(replace(s, margin=None) for s in c.sights)) for c in stream]
    assert levels("query stream", replace(blind[-1], history=tuple(blind[:-1]))) == []


# ---- teacher claim ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"family": "distillation"}, ["warning"]),
        ({"family": "data filtering"}, ["warning"]),
        ({"family": "other", "text": "We fit the teacher's labels.\nThen we stop."}, ["warning"]),
        ({"family": "other", "text": "A teacher-free method."}, []),
        ({"family": "unsupervised elicitation", "text": "Instead of the teacher's labels, the prior."}, []),
    ],
)
def test_who_claims_the_teacher_must_use_it(said: dict[str, str], expected: list[str]) -> None:
    free = replace(verified("zero_shot"), title="a method", **({"text": "Nothing."} | said))
    assert levels("teacher claim", free) == expected
    taught = replace(verified(), title="a method", **({"text": "Nothing."} | said))
    assert levels("teacher claim", taught) == []


def test_an_unknown_response_is_no_false_claim() -> None:
    case = verified("zero_shot")
    assert case.score is not None
    facts = {**case.score.facts, "teacher_free": None, "teacher_response": None}
    assert levels("teacher claim", replace(case, family="distillation", score=replace(case.score, facts=facts))) == []


# ---- heuristic ----------------------------------------------------------------------------------------------


def mixed(case: Case, share: float) -> Case:
    """The rule's answers on a random share of the items, the student's on the rest."""
    rng = np.random.default_rng(2)
    sights = []
    for sight in case.sights:
        rule = rng.random(len(sight.answers)) < share
        sights.append(changed(sight, np.where(rule, sight.cues["most common answer"], sight.answers)))
    return replace(case, sights=tuple(sights))


@pytest.mark.parametrize(("share", "expected"), [(0.0, []), (0.5, ["warning"]), (1.0, ["quarantine"])])
@pytest.mark.parametrize("door", ["dev", "verify"])
def test_answers_of_a_rule_are_found_by_how_much_it_decides(door: str, share: float, expected: list[str]) -> None:
    case = mixed(dev() if door == "dev" else verified(), share)
    assert levels("heuristic", case) == expected


def test_a_rule_that_gains_nothing_and_tiny_sets_are_left_alone() -> None:
    constant = replace(dev(), sights=tuple(changed(s, s.cues["constant"]) for s in dev().sights))
    assert "quarantine" not in levels("heuristic", constant)
    hack = mixed(dev(), 1.0)
    few = [_rows(sight, np.arange(60)) for sight in hack.sights]
    assert levels("heuristic", replace(hack, sights=tuple(few))) == []


def test_a_rule_is_followed_also_by_who_takes_one_by_chance_where_it_says_nothing() -> None:
    rng = np.random.default_rng(6)
    case, sights = mixed(dev(), 1.0), []
    for sight in case.sights:
        tied = rng.random(len(sight.answers)) < 0.3
        one = changed(sight, np.where(tied, rng.random(len(tied)) < 0.5, sight.answers))
        sights.append(replace(one, silent={"most common answer": tied}))
    assert levels("heuristic", replace(case, sights=tuple(sights))) == ["quarantine"]
    spoken = tuple(replace(sight, silent={}) for sight in sights)
    assert levels("heuristic", replace(case, sights=spoken)) == ["warning"]


def test_who_answers_nearly_always_the_same_follows_no_rule_that_does_too() -> None:
    rng = np.random.default_rng(7)
    items = 3000
    truth, rule, answers, able = (rng.random(items) < share for share in (0.65, 0.95, 0.98, 0.85))
    sight = Sight(answers, answers == truth, able, able, np.arange(items), cues={"longer": rule})
    assert levels("heuristic", replace(dev(), sights=(sight,))) == []
    followed = replace(sight, answers=rule, right=rule == truth)
    assert levels("heuristic", replace(dev(), sights=(followed,))) == ["quarantine"]


def _rows(sight: Sight, rows: np.ndarray[Any, Any]) -> Sight:
    """Some items of a sight."""
    names = ("answers", "right", "weak", "ceiling", "group")
    cut = {name: getattr(sight, name)[rows] for name in names}
    return Sight(**cut, cues={name: answers[rows] for name, answers in sight.cues.items()})


# ---- constant answers ---------------------------------------------------------------------------------------


def test_constant_answers_are_a_warning_and_no_more() -> None:
    constant = replace(dev(), sights=(*dev().sights[:2], changed(dev().sights[2], np.ones_like(dev().sights[2].right))))
    assert levels("constant answers", constant) == ["warning"]
    halves = []
    for sight in dev().sights:
        truth = sight.answers == sight.right
        answers = truth.copy()
        answers[: len(truth) // 2] ^= True
        halves.append(changed(sight, answers))
    assert len(dev().sights[0].right) % 2 == 0
    assert levels("constant answers", replace(dev(), sights=tuple(halves))) == ["warning"]
    assert levels("constant answers", dev()) == levels("constant answers", verified()) == []


# ---- above the ceiling --------------------------------------------------------------------------------------


def leaked(world: World, _task: Task, _seed: int) -> Student:
    """What a look-up of the hidden labels comes to: a student that was trained on the test itself."""
    shown = world.sight(world.answers(world.ceiling))
    truth = (shown.answers == shown.right).astype(np.float64)
    return Student.linear(fit_head(world.test, truth, l2=1e-3, bias=False).weight)


def test_a_score_above_the_ceiling_is_quarantined() -> None:
    cheat = verify_case(problem(), leaked, said=SAID, controls=0)
    assert cheat.score is not None
    assert cheat.score.value is not None
    assert cheat.score.value > 1
    assert levels("above the ceiling", cheat) == ["quarantine"]
    assert levels("above the ceiling", verified()) == []


@pytest.mark.parametrize(("known", "expected"), [(0.0, []), (1.0, ["quarantine"])])
def test_a_look_up_that_knows_one_slice_is_quarantined(known: float, expected: list[str]) -> None:
    case = verified()
    rng = np.random.default_rng(3)
    sights = []
    for sight in case.sights:
        told = sight.slices["known"] & (rng.random(len(sight.right)) < known)
        sights.append(changed(sight, np.where(told, sight.answers == sight.right, sight.answers)))
    assert levels("above the ceiling", replace(case, sights=tuple(sights))) == expected


def test_scores_without_a_ceiling_are_not_judged_by_one() -> None:
    other = replace(verified(), score=Score(2.0, 1.9, 2.1, {"transfer_acc": 0.7}), sights=())
    assert levels("above the ceiling", other) == []


# ---- dev minus verify ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("leaked", "expected"), [(0.0, []), (0.4, ["warning"]), (0.7, ["quarantine"])])
def test_leaked_dev_labels_show_on_fresh_draws(leaked: float, expected: list[str]) -> None:
    rng = np.random.default_rng(4)
    base = dev()
    truth = base.sights[0].answers == base.sights[0].right
    known = rng.random(len(truth)) < leaked
    before = answered(base, [np.where(known, truth, sight.answers) for sight in base.sights])
    after = replace(verified(), history=(before,))
    found = run("dev minus verify", after)
    assert [suspicion.level for suspicion in found] == expected
    assert all(suspicion.others == (before.id,) for suspicion in found)
    assert levels("dev minus verify", replace(after, content="another method")) == []
    assert levels("dev minus verify", replace(after, researcher="framed")) == [], "nobody answers for another's files"


# ---- canary -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("copied", "expected"), [(0.0, []), (0.5, ["warning", "quarantine"]), (0.7, ["quarantine"]), (1.0, ["quarantine"])]
)
def test_copied_bait_labels_are_recognised(copied: float, expected: list[str]) -> None:
    rng = np.random.default_rng(6)
    case = verified()
    sights = []
    for sight in case.sights:
        truth = sight.answers == sight.right
        claims = np.full(len(truth), -1)
        bait = rng.choice(len(truth), 60, replace=False)
        claims[bait] = ~truth[bait]
        copies = np.zeros(len(truth), bool)
        copies[bait] = rng.random(60) < copied
        sights.append(replace(changed(sight, np.where(copies, ~truth, sight.answers)), canary=claims))
    found = levels("canary", replace(case, sights=tuple(sights)))
    assert found == [] if not expected else found[0] in expected
    assert levels("canary", case) == []
