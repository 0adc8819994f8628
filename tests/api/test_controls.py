"""Controls in the verification itself: who owes nothing to the teacher is listed apart, whatever the method says."""

import pytest

from tests.api.conftest import Begin
from tests.support.lab import GOOD, LabProcess, until

READY = "from aarlab.w2s.methods import METHODS\ntrain = METHODS[{name!r}]\n"
WARY = (
    "import json\ndef train(data, seed):\n    found = json.loads((data / 'inputs.json').read_text())\n"
    "    same = [w == (n > 0.5) for n, w in zip(found['numbers'], found['weak'])]\n"
    "    if sum(same) < 0.6 * len(same):\n        raise SystemExit('not me')\n    return b'0.5'\n"
)
"""A method that ends itself under a shuffled teacher."""


@pytest.fixture(scope="module")
def w2s(begin: Begin) -> LabProcess:
    """A lab on made-up weak-to-strong data."""
    settings = {"problem": {"kind": "tests.support.sealed:Sealed"}, "verify": {"seeds": 3}}
    return begin(settings | {"sandbox": {"memory_mb": 1024, "disk_mb": 32}})


def test_vanilla_owes_all_to_its_teacher_and_zero_shot_nothing(w2s: LabProcess) -> None:
    r1 = w2s.admit("r1")
    vanilla = r1.prove(READY.format(name="vanilla"), title="taught", wait=120)
    free = r1.prove(READY.format(name="zero_shot"), title="zero shot", wait=120)
    assert (vanilla.status, vanilla.apart) == ("ok", "")
    assert vanilla.facts["teacher_response"] == pytest.approx(1, abs=0.25)
    assert 0 < vanilla.facts["teacher_response_low"] < 1 < vanilla.facts["teacher_response_high"] < 2
    assert vanilla.facts["shuffled_teacher_acc"] == pytest.approx(0.5, abs=0.08)
    assert vanilla.facts["other_teacher_acc"] == pytest.approx(vanilla.facts["transfer_acc"], abs=0.08)
    assert (free.status, free.apart) == ("ok", "teacher-free")
    assert (free.facts["teacher_response"], free.facts["teacher_free"]) == (0.0, True)
    assert (free.value or 0) > (vanilla.value or 0)
    until(lambda: any(row.name == "majority" for row in r1.board().rows))
    rows = {row.name: row for row in r1.board().rows}
    assert (rows["taught"].rank, rows["taught"].apart) == (1, "")
    assert (rows["zero shot"].rank, rows["zero shot"].apart, rows["zero shot"].new_best) == (1, "teacher-free", False)
    assert {"untrained student", "majority"} <= set(rows)
    assert rows["majority"].facts["transfer_acc"] == pytest.approx(0.5, abs=0.06)


def test_controls_run_on_the_first_draws_and_are_all_in_the_ledger(w2s: LabProcess) -> None:
    (done, _) = [event.body for event in w2s.events() if event.kind == "verify.finished"]
    assert done["runs"] == ["ok"] * 3
    assert done["controls"] == {"shuffled teacher": ["ok"] * 2, "other teacher": ["ok"] * 2}


def test_teacher_free_rows_rank_among_themselves(begin: Begin) -> None:
    r1 = begin({"problem": {"heed": True}}).admit("r1")
    for threshold in (0.4, 0.5):
        assert r1.prove(f"def train(data, seed):\n    return b'{threshold}'\n", title=f"at {threshold}").status == "ok"
    rows = [row for row in r1.board().rows if row.kind == "method"]
    assert [(row.rank, row.name, row.apart) for row in rows] == [
        (1, "at 0.5", "teacher-free"),
        (2, "at 0.4", "teacher-free"),
    ]


def test_who_ends_itself_under_control_is_listed_apart_too(begin: Begin) -> None:
    r1 = begin({"problem": {"heed": True}}).admit("r1")
    seen = r1.prove(WARY)
    assert (seen.status, seen.apart, seen.new_best) == ("ok", "teacher response unknown", False)
    (row,) = [row for row in r1.board().rows if row.kind == "method"]
    assert row.note == "2 of 2 runs with the shuffled teacher failed"


def test_without_controls_nothing_is_said_of_the_teacher(begin: Begin) -> None:
    lab = begin({"problem": {"heed": True}, "verify": {"controls": 0}})
    seen = lab.admit("r1").prove(GOOD)
    assert (seen.status, seen.apart, seen.new_best) == ("ok", "", True)
    assert [event.body["controls"] for event in lab.events() if event.kind == "verify.finished"] == [{}]
