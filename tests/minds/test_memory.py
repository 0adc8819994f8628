"""The mind's memory, its gate, and what it sends to verify."""

import json

import pytest

from aarlab.errors import ResearcherError
from aarlab.minds.protocol import Share
from aarlab.minds.search.checks import Checks, objection, read
from aarlab.minds.search.memory import Memory, Trial
from aarlab.minds.search.policy import due, finalists
from aarlab.minds.search.space import PLAIN, SPACE, Recipe

RECIPE = Recipe(source="teacher", **{name: PLAIN[name][0] for name in SPACE if name != "source"}).plain()
GOOD = Checks(
    agreement_with_teacher=0.7,
    agreement_with_prior=0.6,
    share_of_class_1=0.5,
    learnability=0.9,
    fingerprint={"0": "ab"},
)


class Disk:
    """Where a memory writes."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data = data


def scored(*answers: float) -> Memory:
    memory = Memory(Disk().write)
    for number, answer in enumerate(answers):
        memory.add(Trial(number, RECIPE, state="scored", answer=answer, fingerprint=f"f{number}", profile=(number,)))
    return memory


def share(*, dev_answers: int = 6, verifications: int = 3) -> Share:
    return Share(experiments=100, dev_answers=dev_answers, verifications=verifications)


def test_a_restarted_mind_remembers_everything() -> None:
    disk = Disk()
    memory = Memory(disk.write)
    memory.add(Trial(0, RECIPE, parents=("s1",)))
    memory.update(memory.trials[0], state="scored", answer=0.7, profile=(0.5, 0.6), submission="d-1")
    memory.add(Trial(1, RECIPE))
    again = Memory(disk.write, saved=disk.data)
    assert again.trials == memory.trials
    assert again.unfinished == again.trials[1]
    assert again.best == again.trials[0]


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'{"number": 1}', b"\xff", b'{"number": 0, "recipe": {"source": "x"}}', b"1" * 5000],
)
def test_a_memory_that_holds_anything_else_is_refused_with_a_line(line: bytes) -> None:
    with pytest.raises(ResearcherError, match=r"trials\.jsonl, line 1") as error:
        Memory(Disk().write, saved=line)
    assert "\n" not in str(error.value)


def test_the_earlier_of_two_equal_answers_is_the_best() -> None:
    memory = scored(0.6, 0.7, 0.7)
    assert memory.best == memory.trials[1]
    assert memory.since_best() == 1


def test_twins_are_known_by_their_predictions_or_by_all_that_is_measured() -> None:
    memory = scored(0.6, 0.7)
    trial = Trial(2, RECIPE)
    assert memory.twin(trial, fingerprint="f1", profile=(9.0,)) == memory.trials[1]
    assert memory.twin(trial, fingerprint="new", profile=(0.001,)) == memory.trials[0]
    assert memory.twin(trial, fingerprint="new", profile=(9.0,)) is None
    assert memory.twin(memory.trials[1], fingerprint="f1", profile=(1.0,)) is None


def test_verification_waits_for_half_of_the_answers_and_keeps_two_for_the_end() -> None:
    assert due(scored(0.6, 0.7), share()) is None
    memory = scored(0.6, 0.7, 0.65)
    assert due(memory, share()) == memory.trials[1]
    assert due(memory, share(verifications=2)) is None


def test_only_a_clear_lead_is_verified_again() -> None:
    memory = scored(0.6, 0.7, 0.65)
    memory.update(memory.trials[1], verify="v-1")
    memory.add(Trial(3, RECIPE, state="scored", answer=0.705))
    assert due(memory, share(verifications=4)) is None
    memory.add(Trial(4, RECIPE, state="scored", answer=0.72))
    assert due(memory, share(verifications=4)) == memory.trials[4]


def test_at_the_end_the_best_and_what_is_near_it_is_verified() -> None:
    memory = scored(0.6, 0.7, 0.69, 0.695)
    assert finalists(memory, share(verifications=2)) == [memory.trials[1], memory.trials[3]]
    assert finalists(memory, share(verifications=9)) == [memory.trials[1], memory.trials[3], memory.trials[2]]
    assert finalists(scored(), share()) == []


def test_one_of_the_finalists_is_led_by_the_teacher() -> None:
    memory = scored(0.6, 0.55)
    for number, (source, select) in enumerate((("prior", "everything"), ("teacher", "agree"), ("em", "half")), start=2):
        recipe = {**RECIPE, "source": source, "select": select}
        memory.add(Trial(number, recipe, state="scored", answer=0.7 + number / 100))
    assert finalists(memory, share(verifications=2)) == [memory.trials[4], memory.trials[0]]
    memory.update(memory.trials[0], verify="v-1")
    assert finalists(memory, share(verifications=3)) == [memory.trials[4], memory.trials[3], memory.trials[2]][:2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"share_of_class_1": 0.99}, "same prediction"),
        ({"agreement_with_teacher": 0.4}, "less agreement"),
        ({"learnability": 0.5}, "no direction"),
        ({"agreement_between_seeds": 0.3}, "contradict"),
    ],
)
def test_the_gate_objects_to_what_cannot_be_good(change: dict[str, float], words: str) -> None:
    assert words in objection(GOOD.model_copy(update=change))
    assert objection(GOOD) == ""


def test_checks_from_a_sandbox_are_read_strictly() -> None:
    plain = GOOD.model_dump()
    assert read(json.dumps(plain).encode()) == GOOD
    for fault in ({"learnability": 2}, {"learnability": "0.9"}, {"learnability": None}, {"fingerprint": 3}):
        assert read(json.dumps({**plain, **fault}).encode()) is None
    assert read(b"NaN") is None
    assert read(None) is None
