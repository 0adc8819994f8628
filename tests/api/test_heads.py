"""Heads through the real server: when they are published, what researchers see, and kill -9 between entry and head."""

import httpx

from aarlab.lab.audit import audit, read_kept
from aarlab.lab.heads import read_heads
from aarlab.wire import SessionRequest
from tests.api.conftest import Begin
from tests.support.forge import statements
from tests.support.lab import FAST, LabProcess, until


def signed(lab: LabProcess) -> list[int]:
    return [head.seq for _, head in read_heads(lab.paths.heads) if head is not None]


def test_sessions_marks_and_verifications_are_signed_and_told_on_the_forum(begin: Begin) -> None:
    lab = begin()
    r1 = lab.admit("r1")
    with lab.operator() as operator:
        operator.session(SessionRequest(action="start"))
        r1.prove()
        operator.session(SessionRequest(action="end"))
    last = {event.kind: event.seq for event in lab.events()}
    wanted = [last[kind] for kind in ("session.started", "marks.scored", "verify.finished", "session.ended")]
    until(lambda: any(post.author == "lab" and post.seq >= max(wanted) for post in r1.forum()))
    assert signed(lab)[0] == 0
    (post,) = [post for post in r1.forum() if post.author == "lab"]
    assert (post.kind, post.seq) == ("ledger head", signed(lab)[-1])
    (lab.paths.root / "kept.md").write_text("\n".join(f"> {line}" for line in post.text.splitlines()))
    found = audit(lab.paths, kept=read_kept(str(lab.paths.root / "kept.md")))
    assert found.ok, found.faults
    assert r1.forum(after=post.seq) == ()


def test_no_researcher_writes_a_head(begin: Begin) -> None:
    lab = begin(FAST)
    r1 = lab.admit("r1")
    body = {"kind": "ledger head", "title": "Ledger head: entry 9", "text": "x"}
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(lab.socket("r1"))), base_url="http://lab") as client:
        assert client.post("/v1/findings", json=body).status_code == 400
    assert all(post.author == "lab" for post in r1.forum())


def test_kill_minus_nine_between_entry_and_head_leaves_a_valid_study(begin: Begin) -> None:
    lab = begin(FAST)
    r1 = lab.admit("r1")
    until(lambda: any(event.kind == "marks.scored" for event in lab.events()))
    marks = next(event.seq for event in lab.events() if event.kind == "marks.scored")
    until(lambda: signed(lab)[-1] >= marks)
    for number in range(5):
        r1.save_notes(f"note {number}")
    lab.kill()
    found = audit(lab.paths)
    assert found.ok, found.faults
    assert found.entries - found.signed >= 5
    lab.start()
    until(lambda: signed(lab)[-1] > found.entries)
    assert lab.stop() == 0
    assert audit(lab.paths).signed == len(lab.events())


def test_a_lab_does_not_go_on_with_a_ledger_that_was_cut(begin: Begin) -> None:
    lab = begin(FAST)
    lab.stop()
    raw = lab.paths.database.read_bytes()
    statements(lab.paths.database, "DELETE FROM ledger WHERE seq > 1")
    assert lab.spawn().wait(60) == 3
    assert "is not the one whose entry" in lab.log.read_text()
    lab.paths.database.write_bytes(raw)
    lab.start()
