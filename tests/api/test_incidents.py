"""The life of an incident through the doors: raised, answered, decided, appealed, undone; and who sees what of it."""

import json
from collections.abc import Iterator
from itertools import count

import httpx
import pytest

from aarlab.api.client import Operator
from aarlab.errors import ResearcherError, UserError
from aarlab.lab.state import State
from aarlab.wire import AnswerRequest, BoardRow, DecisionRequest, FinalRequest, RaiseRequest, Submission
from tests.api.conftest import Begin
from tests.support.lab import LabProcess, Member

COUNT = count()


@pytest.fixture(scope="module")
def lab(begin: Begin) -> LabProcess:
    return begin({"verify": {"controls": 0}})


@pytest.fixture(scope="module")
def r1(lab: LabProcess) -> Member:
    return lab.admit("r1")


@pytest.fixture(scope="module")
def r2(lab: LabProcess) -> Member:
    return lab.admit("r2")


@pytest.fixture
def operator(lab: LabProcess) -> Iterator[Operator]:
    with lab.operator() as door:
        yield door


def row(operator: Operator, submission: str) -> BoardRow:
    return next(row for row in operator.board().rows if row.submission == submission)


def decided(decision: str, *, reason: str = "it was looked at", by: str = "Ada") -> DecisionRequest:
    return DecisionRequest.model_validate({"decision": decision, "reason": reason, "by": by})


def proved(member: Member, title: str) -> Submission:
    """A verified method that is like no other: detectors look at copies."""
    threshold = 0.49 + 0.001 * next(COUNT)
    seen = member.prove(f"def train(data, seed):\n    return b'{threshold:.3f}'\n", title=title)
    assert seen.status == "ok"
    return seen


def test_the_whole_life(operator: Operator, r1: Member, r2: Member) -> None:
    seen, other = proved(r1, "life"), proved(r2, "another life")
    assert row(operator, seen.id).rank is not None
    incident = operator.raise_incident(RaiseRequest(submission=seen.id, words="Its code knows too much."))
    held = row(operator, seen.id)
    assert (held.rank, held.standing) == (None, "under review")
    assert "knows too much" in held.note
    assert row(operator, other.id).rank == 1

    r1.answer(incident, AnswerRequest(text="it does not"))
    operator.decide(incident, decided("disqualified", reason="labels in the code"))
    struck = row(operator, seen.id)
    assert (struck.rank, struck.standing, struck.value) == (None, "disqualified", held.value)
    assert "disqualified by Ada: labels in the code" in struck.note
    assert r2.submission(seen.id).standing == "disqualified"

    r1.answer(incident, AnswerRequest(text="they are not labels", appeal=True))
    (appealed,) = [one for one in operator.incidents() if one.id == incident]
    assert (appealed.phase, [answer.appeal for answer in appealed.answers]) == ("appealed", [False, True])
    assert row(operator, seen.id).standing == "disqualified", "an appeal changes nothing by itself"

    operator.decide(incident, decided("valid", reason="right, they are not", by="Grace"))
    assert row(operator, seen.id).standing == ""
    assert row(operator, seen.id).rank is not None
    (over,) = r1.incidents()
    assert (over.phase, over.decision, over.by) == ("decided", "valid", "Grace")


def test_a_row_can_be_listed_apart(operator: Operator, r1: Member) -> None:
    seen = proved(r1, "apart")
    operator.decide(operator.raise_incident(RaiseRequest(submission=seen.id, words="Odd.")), decided("listed apart"))
    beside = row(operator, seen.id)
    assert (beside.standing, beside.rank, beside.apart) == ("listed apart", 1, "listed apart by the operator")


def test_who_may_say_what(operator: Operator, r1: Member, r2: Member) -> None:
    seen = proved(r1, "whose")
    incident = operator.raise_incident(RaiseRequest(submission=seen.id, words="Hm."))
    assert incident not in [one.id for one in r2.incidents()]
    with pytest.raises(ResearcherError, match="no incident"):
        r2.answer(incident, AnswerRequest(text="not mine"))
    with pytest.raises(ResearcherError, match="no decision against you"):
        r1.answer(incident, AnswerRequest(text="unfair", appeal=True))
    r1.answer(incident, AnswerRequest(text="first"))
    with pytest.raises(ResearcherError, match="replied already"):
        r1.answer(incident, AnswerRequest(text="second"))
    r1.answer(incident, AnswerRequest(text="first"))
    with pytest.raises(UserError, match="there is no incident"):
        operator.decide("i-0", decided("valid"))
    with pytest.raises(UserError, match="there is no submission"):
        operator.raise_incident(RaiseRequest(submission="v-0", words="Hm."))
    operator.decide(incident, decided("valid"))


def test_researchers_get_no_evidence(lab: LabProcess, operator: Operator, r1: Member) -> None:
    seen = proved(r1, "evidence")
    incident = operator.raise_incident(RaiseRequest(submission=seen.id, words="Hm hm."))
    (mine,) = [one for one in operator.incidents() if one.id == incident]
    assert mine.entries[0] <= mine.entries[1]
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(lab.socket("r1"))), base_url="http://lab") as raw:
        said = raw.get("/v1/incidents").json()
        assert {"statistic", "quotes", "others", "entries"}.isdisjoint(said[-1])
        assert raw.post(f"/v1/incidents/{incident}/decision", json={}).status_code == 404
        assert raw.get("/operator/incidents").status_code == 404
        fields = json.dumps({"text": "x", "decision": "valid"})
        assert raw.post(f"/v1/incidents/{incident}/answer", content=fields).status_code == 400
    operator.decide(incident, decided("valid"))


def test_what_is_struck_is_no_finalist_and_no_rung(lab: LabProcess, operator: Operator, r1: Member) -> None:
    seen = proved(r1, "rung")
    incident = operator.raise_incident(RaiseRequest(submission=seen.id, words="Odd again."))
    with pytest.raises(UserError, match="under review"):
        operator.name_finalists(FinalRequest(submissions=(seen.id,)))
    operator.decide(incident, decided("valid"))
    assert operator.name_finalists(FinalRequest(submissions=(seen.id,))).phase == "named"
    operator.decide(incident, decided("disqualified"))
    with pytest.raises(UserError, match="is disqualified"):
        operator.open_final()
    kinds = [event.kind for event in lab.events() if event.body.get("id") == incident]
    assert kinds == ["incident.raised", "incident.decided", "incident.decided"]


def test_a_struck_row_frees_the_ladder(begin: Begin) -> None:
    lab = begin({"verify": {"controls": 0}})
    r1 = lab.admit("r1")
    first = proved(r1, "first")
    assert first.new_best
    assert not proved(r1, "as good").new_best
    with lab.operator() as operator:
        incident = operator.raise_incident(RaiseRequest(submission=first.id, words="Odd."))
        operator.decide(incident, decided("disqualified"))
        assert proved(r1, "third").new_best, "the Ladder stands at the baseline again"


def test_it_is_all_in_the_ledger(lab: LabProcess, operator: Operator) -> None:
    state = State.of(lab.events())
    assert [one.id for one in operator.incidents()] == list(state.incidents)
    assert any(event.kind == "incident.reinstated" for event in lab.events())


PEEKING = "import sys\ndef train(data, seed):\n    sys._getframe(1)\n    return b'0.5'\n"


def test_a_detector_holds_a_row_until_a_person_has_looked(begin: Begin) -> None:
    lab = begin({"verify": {"controls": 0}})
    seen = lab.admit("r1").prove(PEEKING)
    assert (seen.status, seen.standing, seen.new_best) == ("ok", "under review", False)
    with lab.operator() as operator:
        (incident,) = [one for one in operator.incidents() if one.detector == "scorer tampering"]
        assert (incident.level, incident.submission) == ("quarantine", seen.id)
        assert any("_getframe" in quote for quote in incident.quotes)
        assert row(operator, seen.id).rank is None
        (told,) = lab.member("r1").incidents()
        assert "_getframe" not in told.model_dump_json()
        operator.decide(incident.id, decided("valid", reason="it only looks"))
        assert row(operator, seen.id).rank == 1


@pytest.mark.slow
def test_a_killed_lab_raises_each_incident_once(begin: Begin) -> None:
    lab = begin({"verify": {"controls": 0}})
    asked = lab.admit("r1").prove(f"import time\ntime.sleep(1)\n{PEEKING}", wait=0)
    lab.kill()
    lab.start()
    assert lab.member("r1").submission(asked.id, wait=60).standing == "under review"
    lab.kill()
    lab.start()
    assert lab.member("r1").submission(asked.id, wait=60).standing == "under review"
    raised = [event.body["detector"] for event in lab.events() if event.kind == "incident.raised"]
    assert raised.count("scorer tampering") == 1
