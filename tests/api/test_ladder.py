"""The Ladder: noise does not move it, a real gain does, and it is the whole team's."""

import math

import pytest

from aarlab.lab.ladder import Rung, beats, rung
from tests.api.conftest import Begin


def code(threshold: float, comment: str = "") -> str:
    return f"# {comment}\ndef train(data, seed):\n    return b'{threshold}'\n"


def test_a_new_best_is_more_than_luck_and_the_team_s(begin: Begin) -> None:
    lab = begin({"problem": {"items": 4000}})
    r1, r2 = lab.admit("r1"), lab.admit("r2")
    assert not r1.prove(code(0.36), title="at the baseline").new_best
    assert r1.prove(code(0.42), title="a gain").new_best
    again = [r2.prove(code(0.42, f"lottery {number}"), title=f"again {number}") for number in range(4)]
    assert len({seen.value for seen in again}) > 1
    assert not any(seen.new_best for seen in again)
    assert not r2.prove(code(0.425), title="half a point").new_best
    assert r2.prove(code(0.5), title="the truth").new_best
    assert [row.name for row in r1.board().rows if row.new_best] == ["the truth", "a gain"]
    told = [event.body["new_best"] for event in lab.events() if event.kind == "verify.finished"]
    assert told == [False, True, False, False, False, False, False, True]
    lab.kill()
    lab.start()
    assert not lab.member("r1").prove(code(0.5, "after a restart"), title="again").new_best


@pytest.mark.parametrize(
    ("one", "standing", "better"),
    [
        (Rung(0.73, 0.001), Rung(0.70, 0.001), True),
        (Rung(0.715, 0.001), Rung(0.70, 0.001), False),
        (Rung(0.73, 0.01), Rung(0.70, 0.012), False),
        (Rung(0.70 + 2.01 * math.hypot(0.01, 0.012), 0.01), Rung(0.70, 0.012), True),
        (Rung(0.3, 0.0, eta=0.25), Rung(0.0, 0.0, eta=0.25), True),
        (Rung(0.2, 0.0, eta=0.25), Rung(0.0, 0.0, eta=0.25), False),
        (None, Rung(0.70, 0.01), False),
        (Rung(0.73, 0.001), None, False),
    ],
)
def test_a_step_is_two_points_or_two_standard_errors(one: Rung | None, standing: Rung | None, better: bool) -> None:
    assert beats(one, standing) is better


def test_a_problem_may_declare_a_scale_of_its_own() -> None:
    accuracy = {"transfer_acc": 0.7, "transfer_se": 0.01}
    assert rung(accuracy) == Rung(0.7, 0.01, eta=0.02)
    assert rung({**accuracy, "ladder": {"level": 3.0, "se": 0.5, "eta": 0.1}}) == Rung(3.0, 0.5, eta=0.1)
    assert rung({"transfer_acc": 0.7}) is None
