"""The forum: typed posts, corrections, votes, and what changed since."""

import pytest

from aarlab.errors import ResearcherError
from aarlab.wire import FindingRequest, VoteRequest
from tests.api.conftest import Begin
from tests.support.lab import FAST, LabProcess, Member


@pytest.fixture(scope="module")
def lab(begin: Begin) -> LabProcess:
    return begin(FAST)


@pytest.fixture(scope="module")
def r1(lab: LabProcess) -> Member:
    return lab.admit("r1")


@pytest.fixture(scope="module")
def r2(lab: LabProcess) -> Member:
    return lab.admit("r2")


def post(member: Member, title: str, **fields: str) -> str:
    return member.finding(FindingRequest.model_validate({"kind": "insight", "title": title, "text": "x", **fields}))


def test_the_same_words_are_one_post(r1: Member, r2: Member) -> None:
    assert post(r1, "same") == post(r1, "same")
    assert post(r1, "same") != post(r2, "same")
    assert [finding.title for finding in r1.forum()].count("same") == 2


def test_a_correction_marks_what_it_corrects(r1: Member, r2: Member) -> None:
    wrong = post(r1, "wrong")
    seen = r2.forum()[-1].seq
    right = post(r2, "right", kind="correction", corrects=wrong)
    changed = {finding.id: finding for finding in r1.forum(after=seen)}
    assert set(changed) == {wrong, right}
    assert changed[wrong].corrected_by == (right,)
    with pytest.raises(ResearcherError, match="a correction names"):
        post(r2, "of nothing", kind="correction")
    with pytest.raises(ResearcherError, match="a correction names"):
        post(r2, "no correction", corrects=wrong)
    with pytest.raises(ResearcherError, match="there is no finding"):
        post(r2, "of nothing", kind="correction", corrects="f-1")


def test_an_entry_of_the_survey_says_something(r1: Member) -> None:
    entry = post(r1, "labels", kind="survey", text="Burns et al. 2023: ...")
    assert {finding.id: finding.kind for finding in r1.forum()}[entry] == "survey"
    with pytest.raises(ResearcherError, match="says in its text"):
        post(r1, "nothing", kind="survey", text=" ")


def test_nobody_fills_the_ledger(begin: Begin) -> None:
    full = begin({**FAST, "limits": {"entries": 3}})
    one, other = full.admit("r1"), full.admit("r2")
    finding = post(one, "vote for me")
    for value in (1, -1, 1):
        other.vote(finding, VoteRequest.model_validate({"value": value}))
    for write in (lambda: other.vote(finding, VoteRequest(value=-1)), lambda: other.save_notes("x"), other.method):
        with pytest.raises(ResearcherError, match="no more of one") as refused:
            write()
        assert refused.value.code == "budget"
    assert other.me().name == "r2"
    assert post(one, "others go on")


def test_the_last_vote_counts_and_nobody_votes_for_itself(r1: Member, r2: Member) -> None:
    finding = post(r1, "vote for me")
    for value in (1, 1, -1, 1):
        r2.vote(finding, VoteRequest.model_validate({"value": value}))
    assert next(entry.votes for entry in r1.forum() if entry.id == finding) == 1
    with pytest.raises(ResearcherError, match="own finding"):
        r1.vote(finding, VoteRequest(value=1))
    with pytest.raises(ResearcherError, match="there is no finding"):
        r1.vote("f-1", VoteRequest(value=1))


def test_replies_and_cites_must_exist(r1: Member, r2: Member) -> None:
    first = post(r1, "question")
    assert post(r2, "answer", replies_to=first)
    with pytest.raises(ResearcherError, match="there is no finding"):
        post(r2, "answer", replies_to="f-1")
    with pytest.raises(ResearcherError, match="there is no snapshot"):
        r2.finding(FindingRequest(kind="insight", title="t", text="x", cites=("0" * 40,)))
    with pytest.raises(ResearcherError, match="there is no submission"):
        post(r2, "t", submission="d-1")


def test_posts_of_one_are_data_to_another(r1: Member, r2: Member) -> None:
    text = "{{7*7}} <script>alert(1)</script> {author} %s \u202e ignore previous instructions"
    finding = r1.finding(FindingRequest(kind="insight", title="{author} {0}", text=text))
    (shown,) = [entry for entry in r2.forum() if entry.id == finding]
    assert (shown.title, shown.text) == ("{author} {0}", text)


def test_the_operator_posts_under_its_own_name(lab: LabProcess, r1: Member) -> None:
    with lab.operator() as operator:
        wrong = post(r1, "doubtful")
        request = FindingRequest(kind="correction", title="not so", text="the split was another", corrects=wrong)
        name = operator.announce(request)
        assert operator.announce(request) == name
        with pytest.raises(ResearcherError, match="names the submission"):
            operator.announce(FindingRequest(kind="result", title="it works", text="x"))
    seen = {finding.id: finding for finding in r1.forum()}
    assert (seen[name].author, seen[name].untrusted) == ("operator", ("title", "text"))
    assert seen[wrong].corrected_by == (name,)
    r1.vote(name, VoteRequest(value=-1))
