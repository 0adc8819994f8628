"""Detectors that compare a submission with those before it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aarlab.integrity.case import Case, Detector, Suspicion
from aarlab.integrity.detectors.collusion import shared_answers
from aarlab.integrity.detectors.duplicates import near_duplicate
from aarlab.integrity.detectors.lottery import luck, rerun_lottery, seed_lottery
from aarlab.w2s.methods import labels
from tests.support.handed import VANILLA, case, history, method, sights

N = 1000
COPIES: Mapping[str, str] = {
    "names": VANILLA.replace("task", "problem").replace("labels.", "marks.").replace("labels\n", "labels as marks\n"),
    "comments and layout": '"""New."""\n# fresh\n' + VANILLA.replace("(task, labels", "(\n    task,  # it\n    labels"),
    "an unused constant": "NONCE = 'try 7'\n" + VANILLA,
    "an unused variable": VANILLA.replace("    return", "    again = 7\n    return"),
    "a seed": VANILLA.replace("    return", "    import numpy as np\n    np.random.seed(7)\n    return"),
    "dead code": VANILLA + "\n\ndef spare(x):\n    return x + 1\n",
    "a message": VANILLA.replace("    return", "    print('take two')\n    return"),
    "a constant's digits": VANILLA.replace("0.1", "0.10000001"),
    "a neutral sum": VANILLA.replace("l2=0.1", "l2=0.1 + 0"),
    "another import": VANILLA.replace("import heads, labels", "import heads as h, labels").replace("heads.", "h."),
    "a branch that never is": VANILLA.replace("    return", "    if False:\n        seed = 3\n    return"),
}  # fmt: skip
OTHERS: Mapping[str, str] = {
    "a penalty": VANILLA.replace("0.1", "0.12"),
    "soft labels": VANILLA.replace("hard=True", "hard=False"),
    "another head": VANILLA.replace("heads.linear", "heads.resampled"),
    "a branch": VANILLA.replace("    return", "    if task.antisymmetric:\n        task = task.swapped()\n    return"),
    "order": VANILLA.replace("task, labels.teacher(task, hard=True)", "labels.teacher(task, hard=True), task"),
}
LONG = Path(labels.__file__).read_text()


def levels(detector: Detector, one: Case) -> list[str]:
    return [suspicion.level for suspicion in detector(one)]


def only(detector: Detector, one: Case) -> Suspicion:
    [suspicion] = detector(one)
    return suspicion


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_under_other_names_sent_to_verify_is_quarantined(name: str) -> None:
    first = case(VANILLA, door="verify")
    found = only(rerun_lottery, case(COPIES[name], door="verify", history=history(first)))
    assert (found.level, found.statistic["attempts"], found.others) == ("quarantine", 2, (first.id,))


@pytest.mark.parametrize("name", OTHERS)
def test_another_method_is_no_copy(name: str) -> None:
    before = history(case(VANILLA, door="verify"), case(VANILLA, researcher="bob", door="verify"))
    assert not levels(rerun_lottery, case(OTHERS[name], door="verify", history=before))


def test_two_researchers_with_one_idea_are_warned_of_and_a_third_copy_is_quarantined() -> None:
    first = case(VANILLA, researcher="bob", door="verify")
    second = case(COPIES["names"], researcher="ada", door="verify", history=history(first))
    assert levels(rerun_lottery, second) == ["warning"]
    assert levels(rerun_lottery, replace(second, ancestors=frozenset((first.snapshot,)))) == ["quarantine"]
    third = case(COPIES["a seed"], researcher="cyd", door="verify", history=history(first, second))
    assert levels(rerun_lottery, third) == ["quarantine"]


def test_a_method_goes_from_dev_to_verify_without_a_word() -> None:
    one = case(VANILLA, door="verify", history=history(case(VANILLA, students=("a", "b"))))
    assert not [*rerun_lottery(one), *seed_lottery(one), *near_duplicate(one)]


def test_equal_code_at_dev_is_warned_of_from_three_and_quarantined_from_six() -> None:
    variants = [VANILLA, *list(COPIES.values())[:6]]
    stream: list[Case] = []
    for number, code in enumerate(variants):
        stream.append(case(code, students=(f"s{number}",), history=history(*stream)))
    said = [levels(seed_lottery, one) for one in stream]
    assert said == [[], [], ["warning"], ["warning"], ["warning"], ["quarantine"], ["quarantine"]]


def test_settings_that_the_code_reads_make_another_method_and_seeds_do_not() -> None:
    code = VANILLA.replace("l2=0.1", "**json.load(open('config.json'))")
    searched = [
        case(method(code, config_json=f'{{"l2": {value / 10}}}'), students=(str(value),)) for value in range(1, 9)
    ]
    assert not levels(seed_lottery, replace(searched[-1], history=history(*searched[:-1])))
    lottery = [
        case(method(code, config_json=f'{{"l2": 1, "seed": {value}}}'), students=(str(value),)) for value in range(8)
    ]
    assert levels(seed_lottery, replace(lottery[-1], history=history(*lottery[:-1]))) == ["quarantine"]


def test_luck_is_the_expected_maximum_of_normals() -> None:
    assert [round(luck(k), 1) for k in (1, 5, 20, 50, 100)] == [0.0, 1.2, 1.9, 2.2, 2.5]


def test_the_work_of_others_must_be_named() -> None:
    theirs = case(VANILLA, researcher="bob", students=("b",))
    for code in (VANILLA, COPIES["names"]):
        mine = case(code, students=("a",), history=history(theirs))
        assert only(near_duplicate, mine).level == "warning"
        assert levels(near_duplicate, replace(mine, ancestors=frozenset((theirs.snapshot,)))) in ([], ["note"])
    students = case(OTHERS["soft labels"], students=("b", "c"), history=history(theirs))
    assert only(near_duplicate, students).statistic["alike in"] == "students"


def test_a_long_method_that_was_changed_a_little_is_still_the_same() -> None:
    theirs = case(LONG, researcher="bob")
    changed = (
        LONG.replace("task", "work").replace("target", "goal").replace("0.5", "0.4").replace("np.clip", "np.round")
    )
    assert changed != LONG
    assert only(near_duplicate, case(changed, history=history(theirs))).level == "warning"
    assert not levels(near_duplicate, case(changed, researcher="bob", history=history(theirs)))


def test_equal_answers_of_another_are_seen_and_equal_constants_are_not() -> None:
    rng = np.random.default_rng(0)
    answers = rng.random(N) < 0.5
    for votes, expected in ((answers, ["warning"]), (np.ones(N, dtype=bool), [])):
        theirs = case(LONG, researcher="bob", sights=sights([votes]))
        assert levels(near_duplicate, case(VANILLA, sights=sights([votes]), history=history(theirs))) == expected


def stream_of(answers: list[np.ndarray], *, margin: np.ndarray | None, named: bool = False) -> list[Case]:
    """Submissions of ada and bob in turn, with code that has nothing in common."""
    stream: list[Case] = []
    for number, votes in enumerate(answers):
        code = (LONG if number % 2 else VANILLA).replace("0.1", f"{number}.0")
        parents = frozenset(one.snapshot for one in stream) if named else frozenset[str]()
        who = ("ada", "bob")[number % 2]
        seen = sights([votes], margin=margin)
        stream.append(
            case(
                code, researcher=who, students=(str(number),), sights=seen, ancestors=parents, history=history(*stream)
            )
        )
    return stream


@pytest.mark.parametrize("known", [True, False])
def test_a_split_family_of_flips_is_warned_of_then_quarantined(known: bool) -> None:
    rng = np.random.default_rng(1)
    base, margin = rng.random(N) < 0.5, rng.random(N)
    queries = [base ^ (rng.permutation(N) < 4) for _ in range(10)]
    said = [levels(shared_answers, one) for one in stream_of(queries, margin=margin if known else None)]
    assert said[:2] == [[], ["warning"]]
    assert said[-1] == ["quarantine"]
    assert levels(shared_answers, stream_of(queries, margin=margin, named=True)[-1]) in ([], ["note"])


def test_opposite_answers_say_as_much() -> None:
    answers = np.random.default_rng(2).random(N) < 0.5
    assert levels(shared_answers, stream_of([answers, ~answers], margin=None)[-1]) == ["warning"]


def test_honest_students_that_converge_are_not_quarantined() -> None:
    rng = np.random.default_rng(3)
    logits = rng.standard_normal(N)
    answers = [logits + rng.normal(0, 0.005, N) > 0 for _ in range(14)]
    said = [levels(shared_answers, one) for one in stream_of(answers, margin=np.abs(logits))]
    assert ["quarantine"] not in said
    far = [logits + rng.normal(0, 0.5, N) > 0 for _ in range(14)]
    assert not any(levels(shared_answers, one) for one in stream_of(far, margin=np.abs(logits)))


def test_a_family_of_unrelated_answers_is_warned_of() -> None:
    rng = np.random.default_rng(4)
    said = [levels(shared_answers, one) for one in stream_of([rng.random(N) < 0.5 for _ in range(8)], margin=None)]
    assert said[-1] == ["warning"]


def test_other_items_are_not_compared() -> None:
    rng = np.random.default_rng(5)
    theirs = case(LONG, researcher="bob", sights=sights([rng.random(N) < 0.5]))
    mine = case(VANILLA, sights=sights([rng.random(N - 1) < 0.5]), history=history(theirs))
    assert not [*shared_answers(mine), *near_duplicate(mine)]
