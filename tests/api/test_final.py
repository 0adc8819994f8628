"""The final set: named, opened once, refused for ever after, and completed exactly once after kill -9."""

import pytest

from aarlab.errors import ResearcherError, UserError
from aarlab.lab.chain import verify_chain
from aarlab.lab.final import half_width
from aarlab.wire import FinalRequest, FinalState
from tests.api.conftest import Begin
from tests.support.lab import GOOD, OTHER, THIRD, LabProcess, until

SLOW = "import time\ntime.sleep(0.7)\n" + OTHER
OPENED = "never opened a second time"


def name(lab: LabProcess, *submissions: str) -> FinalState:
    with lab.operator() as operator:
        return operator.name_finalists(FinalRequest(submissions=submissions))


def open_it(lab: LabProcess) -> None:
    with lab.operator() as operator:
        operator.open_final()


def opened(lab: LabProcess) -> FinalState:
    with lab.operator() as operator:
        until(lambda: operator.final().phase == "opened", seconds=60)
        return operator.final()


def test_it_is_refused_before_naming_opened_once_and_refused_for_ever(begin: Begin) -> None:
    lab = begin({"final": {"finalists": 2}})
    r1 = lab.admit("r1")
    good, other = r1.prove(GOOD, title="good"), r1.prove(OTHER, title="other")
    failed, dev = r1.prove("raise SystemExit(1)", title="failed"), r1.ask()
    with pytest.raises(UserError, match="name the finalists first"):
        open_it(lab)
    for bad in ((), (good.id, good.id), (good.id, other.id, failed.id), ("v-none",), (dev.id,), (failed.id,)):
        with pytest.raises(UserError):
            name(lab, *bad)
    assert name(lab, good.id).finalists == (good.id,)
    assert name(lab, other.id, good.id).phase == "named"
    open_it(lab)
    with pytest.raises(UserError, match=OPENED):
        open_it(lab)
    found = opened(lab)
    assert {row.submission for row in found.rows if row.kind == "method"} == {good.id, other.id}
    assert {row.name for row in found.rows if row.kind == "mark"} == {"vanilla", "ceiling", "weak teacher"}
    assert found.half_width == pytest.approx(half_width(200, finalists=2))
    assert "95 % confidence the accuracies of all 2 finalists are within ±0.105" in found.words
    for refused in (open_it, lambda lab: name(lab, good.id)):
        with pytest.raises(UserError, match=OPENED):
            refused(lab)
    for late in (lambda: r1.prove(THIRD), lambda: r1.ask(b"0.6", b"0.6", b"0.7")):
        with pytest.raises(ResearcherError, match="closed"):
            late()
    assert r1.prove(GOOD, title="good") == good
    assert r1.ask() == dev
    with lab.operator() as operator:
        assert operator.state().closed


@pytest.mark.slow
def test_kill_minus_nine_in_the_middle_and_it_is_completed_exactly_once(begin: Begin) -> None:
    lab = begin()
    seen = lab.admit("r1").prove(SLOW)
    name(lab, seen.id)
    open_it(lab)
    lab.kill()
    lab.start()
    with pytest.raises(UserError, match=OPENED):
        open_it(lab)
    found = opened(lab)
    assert [row.status for row in found.rows if row.kind == "method"] == ["ok"]
    lab.kill()
    lab.start()
    assert opened(lab) == found
    with pytest.raises(UserError, match=OPENED):
        open_it(lab)
    kinds = [event.kind for event in lab.events()]
    assert [kinds.count(kind) for kind in ("final.named", "final.opening", "final.opened")] == [1, 1, 1]
    assert verify_chain(lab.events()).ok


def test_nothing_is_opened_while_something_is_scored(begin: Begin) -> None:
    lab = begin()
    r1 = lab.admit("r1")
    seen = r1.prove(GOOD)
    name(lab, seen.id)
    slow = r1.prove(SLOW, wait=0)
    with pytest.raises(UserError, match="still being scored"):
        open_it(lab)
    assert r1.submission(slow.id, wait=60).status == "ok"
    open_it(lab)
    assert opened(lab).phase == "opened"


def test_the_half_width_is_hoeffding_s() -> None:
    assert half_width(1263, finalists=5) == pytest.approx(0.0458, abs=1e-4)
    assert half_width(3000, finalists=5) == pytest.approx(0.0297, abs=1e-4)
