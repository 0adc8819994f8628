"""What a problem asks of its sandboxes, and limits that are too small for it."""

import pytest

from aarlab.errors import UserError
from aarlab.problem.equipment import NOTHING, Equipment, equipment_of
from aarlab.studyfile import build_config
from tests.support.toy import ToyProblem, ToySettings


def test_most_problems_ask_for_nothing() -> None:
    assert equipment_of(ToyProblem(ToySettings())) == NOTHING
    NOTHING.check(build_config({}, source="test"))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"sandbox": {"memory_mb": 4000}}, "sandbox.memory_mb = 4000 is too small .* at least 5000"),
        ({"limits": {"student_mb": 60}}, "limits.student_mb = 60 is too small: a plain student .* has 66 MB"),
        ({"sandbox": {"disk_mb": 190}}, "sandbox.disk_mb = 190 is too small: 3 students of 66 MB"),
    ],
)
def test_limits_that_no_training_fits_into_are_refused(table: dict[str, dict[str, int]], said: str) -> None:
    needs = Equipment(memory_mb=5000, student_mb=66)
    enough = {"sandbox": {"memory_mb": 5000, "disk_mb": 198}, "limits": {"student_mb": 66}}
    needs.check(build_config(enough, source="test"))
    changed = {name: {**fields, **table.get(name, {})} for name, fields in enough.items()}
    with pytest.raises(UserError, match=said):
        needs.check(build_config(changed, source="test"))
