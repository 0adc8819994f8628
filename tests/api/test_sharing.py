"""study.forum at the researcher's door: what is not shared is not there, whoever asks in whatever way."""

import pytest

from aarlab.errors import ResearcherError
from aarlab.fleet.forum_files import posts_of
from aarlab.wire import FindingRequest, SnapshotRequest, VoteRequest
from tests.api.conftest import Begin
from tests.support.lab import FAST, GOOD, LabProcess, Member


def post(member: Member, title: str, **fields: str) -> str:
    return member.finding(FindingRequest.model_validate({"kind": "insight", "title": title, "text": "x", **fields}))


def titles(member: Member) -> list[str]:
    """Of posts that it sees, without the lab's own."""
    return [one.title for one in member.forum() if one.author != "lab"]


def lab_with(begin: Begin, forum: str) -> tuple[LabProcess, Member, Member]:
    lab = begin({**FAST, "study": {"name": "toy", "seed": 1, "forum": forum}})
    return lab, lab.admit("r1"), lab.admit("r2")


def test_without_a_forum_nothing_of_the_others_is_there(begin: Begin) -> None:
    lab, r1, r2 = lab_with(begin, "off")
    finding, snapshot = post(r1, "mine"), r1.method(GOOD)
    asked = r1.ask()
    assert (titles(r1), titles(r2)) == (["mine"], [])
    assert r2.search_forum("mine") == ()
    for ask in (
        lambda: r2.get_snapshot(snapshot),
        lambda: r2.diff(snapshot, r2.method("def train(data, seed): ...")),
        lambda: r2.submission(asked.id),
        lambda: r2.vote(finding, VoteRequest(value=1)),
        lambda: post(r2, "reply", replies_to=finding),
        lambda: post(r2, "no", kind="correction", corrects=finding),
    ):
        with pytest.raises(ResearcherError, match="there is no"):
            ask()
    assert {row.researcher for row in r2.board().rows} <= {"lab", "r2"}
    assert (r1.submission(asked.id), r1.get_snapshot(snapshot).id) == (asked, snapshot)
    with lab.operator() as operator:
        assert [one.title for one in operator.forum() if one.author != "lab"] == ["mine"]
        told = operator.announce(FindingRequest(kind="insight", title="to all", text="x"))
    assert titles(r2) == ["to all"]
    r2.vote(told, VoteRequest(value=1))


def test_where_it_is_searched_only_what_fits_is_shown(begin: Begin) -> None:
    _, r1, r2 = lab_with(begin, "search")
    post(r1, "Zero-shot labels work")
    post(r1, "Curriculum of margins")
    snapshot = r1.snapshot(SnapshotRequest(files={"method.py": GOOD}, message="m"))
    assert titles(r2) == []
    assert [one.title for one in r2.search_forum('labels" OR * zero')] == ["Zero-shot labels work"]
    assert r2.search_forum("?!") == ()
    assert r2.get_snapshot(snapshot).author == "r1"


@pytest.mark.slow
def test_where_it_is_files_the_door_lists_ones_own_posts_and_the_host_has_all(begin: Begin) -> None:
    lab, r1, r2 = lab_with(begin, "files")
    post(r1, "mine")
    assert (titles(r2), r2.search_forum("mine"), r2.me().forum) == ([], (), "files")
    with lab.operator() as operator:
        assert [one.title for one in posts_of(r2, operator)() if one.author != "lab"] == ["mine"]
