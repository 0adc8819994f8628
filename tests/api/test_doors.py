"""The researchers' door: identity by socket, idempotency, what is refused and with which words."""

import os
import stat
from typing import Any

import httpx
import pytest

from aarlab.errors import OperatorError, ResearcherError, UserError
from aarlab.wire import DevRequest, ProposalRequest, ResearcherRequest, SnapshotRequest, SteerRequest, VerifyRequest
from tests.api.conftest import Begin
from tests.support.lab import FAST, GOOD, LabProcess, Member


@pytest.fixture(scope="module")
def lab(begin: Begin) -> LabProcess:
    return begin(FAST)


@pytest.fixture(scope="module")
def r1(lab: LabProcess) -> Member:
    return lab.admit("r1")


@pytest.fixture(scope="module")
def r2(lab: LabProcess) -> Member:
    return lab.admit("r2")


def raw(lab: LabProcess, name: str) -> httpx.Client:
    """A client that may send anything through a researcher's socket."""
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(lab.socket(name))), base_url="http://lab")


def refusal(code: str, match: str | None = None) -> Any:
    return pytest.raises(ResearcherError, match=match, check=lambda error: error.code == code)


def test_who_speaks_is_known_from_the_socket(lab: LabProcess, r1: Member, r2: Member) -> None:
    assert (r1.me().name, r2.me().name) == ("r1", "r2")
    assert r1.me().seed != r2.me().seed
    assert r1.get_snapshot(r1.method("x = 1")).author == "r1"
    with raw(lab, "r2") as client:
        for headers in ({"X-Researcher": "r1"}, {"Authorization": "Bearer r1"}, {"Host": "r1"}):
            assert client.get("/v1/me", headers=headers).json()["name"] == "r2"
        assert client.get("/v1/me?name=r1&researcher=r1").json()["name"] == "r2"


@pytest.mark.usefixtures("r1", "r2")
def test_the_socket_is_its_owner_s_alone(lab: LabProcess) -> None:
    owners = set()
    for name in ("r1", "r2"):
        folder, socket = lab.socket(name).parent.stat(), lab.socket(name).stat()
        assert (stat.S_IMODE(folder.st_mode), stat.S_IMODE(socket.st_mode)) == (0o700, 0o600)
        assert folder.st_uid == socket.st_uid
        owners.add(folder.st_uid)
    assert len(owners) == (2 if os.geteuid() == 0 else 1)
    assert stat.S_IMODE(lab.paths.operator_socket.stat().st_mode) == 0o600


@pytest.mark.usefixtures("r1")
def test_researchers_have_no_operator_s_door(lab: LabProcess) -> None:
    with raw(lab, "r1") as client:
        for path in ("/operator/state", "/operator/events", "/v1/events", "/v1/ledger"):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        (path, field, value)
        for path in ("/v1/dev", "/v1/verify", "/v1/findings", "/v1/proposals", "/v1/snapshots")
        for field, value in [("pgr", 0.97), ("split", "test"), ("researcher", "r1"), ("seeds", [1]), ("status", "ok")]
    ],
)
def test_no_request_has_room_for_a_metric_a_split_or_an_identity(
    lab: LabProcess, r1: Member, path: str, field: str, value: object
) -> None:
    proposal, snapshot = r1.plan(), r1.method()
    bodies: dict[str, dict[str, object]] = {
        "/v1/dev": {"proposal": proposal, "snapshot": snapshot, "students": ["0" * 64] * 3},
        "/v1/verify": {"proposal": proposal, "snapshot": snapshot},
        "/v1/findings": {"kind": "insight", "title": "t", "text": "x"},
        "/v1/proposals": {"title": "t", "text": "x"},
        "/v1/snapshots": {"files": {"method.py": ""}, "message": "x"},
    }
    events = len(lab.events())
    with raw(lab, "r1") as client:
        answer = client.post(path, json=bodies[path] | {field: value})
    assert answer.status_code == 400
    assert answer.json() == {"code": "malformed", "message": f"{field}: Extra inputs are not permitted"}
    assert len(lab.events()) == events


def test_what_is_stored_twice_is_stored_once(lab: LabProcess, r1: Member) -> None:
    first = (r1.method("x = 2"), r1.plan("twice"), r1.put_blob(b"0.4"))
    events = len(lab.events())
    assert (r1.method("x = 2"), r1.plan("twice"), r1.put_blob(b"0.4")) == first
    assert len(lab.events()) == events


def test_snapshots_are_shared_and_have_a_lineage(r1: Member, r2: Member) -> None:
    old = r1.method("x = 3\n")
    new = r2.snapshot(SnapshotRequest(files={"method.py": "x = 4\n"}, message="better", parents=(old,)))
    found = r1.get_snapshot(new)
    assert (found.author, found.parents, found.files) == ("r2", (old,), {"method.py": "x = 4\n"})
    assert "-x = 3\n+x = 4\n" in r1.diff(old, new).text
    with refusal("unknown"):
        r1.get_snapshot("0" * 40)
    with refusal("unknown"):
        r1.snapshot(SnapshotRequest(files={"method.py": ""}, message="x", parents=("0" * 40,)))


def test_work_needs_an_own_proposal_and_a_frozen_method(r1: Member, r2: Member) -> None:
    with refusal("unknown", "no proposal .* of yours"):
        r2.verify(VerifyRequest(proposal=r1.plan("mine"), snapshot=r2.method()))
    with refusal("unknown", "no snapshot"):
        r2.verify(VerifyRequest(proposal=r2.plan(), snapshot="0" * 40))
    student = r2.put_blob(b"0.5")
    with refusal("malformed", "has 3 students"):
        r2.dev(DevRequest(proposal=r2.plan(), snapshot=r2.method(), students=(student,)))
    with refusal("unknown", "no blob"):
        r2.dev(DevRequest(proposal=r2.plan(), snapshot=r2.method(), students=(student, student, "0" * 64)))
    with refusal("unknown", "no submission"):
        r2.submission("v-1")


def test_texts_are_plain_and_short(r1: Member) -> None:
    with refusal("large", "at most 16 kB"):
        r1.propose(ProposalRequest(title="t", text="x" * 16385))
    with refusal("malformed", "control characters"):
        r1.propose(ProposalRequest(title="\x1b[2J", text="x"))
    with refusal("malformed", "one line"):
        r1.propose(ProposalRequest(title="a\nb", text="x"))
    with refusal("malformed", "is empty"):
        r1.propose(ProposalRequest(title=" ", text="x"))


def test_notes_are_private_to_their_author(r1: Member, r2: Member) -> None:
    assert r1.notes() == ""
    r1.save_notes("# What I know\nnothing")
    assert r1.notes() == "# What I know\nnothing"
    assert r2.notes() == ""


def test_the_operator_steers_and_admits(lab: LabProcess, r1: Member) -> None:
    with lab.operator() as operator:
        operator.steer(SteerRequest(researcher="r1", text="try harder"))
        operator.steer(SteerRequest(researcher="r1", text="try harder"))
        assert r1.me().messages == ("try harder", "try harder")
        with pytest.raises(UserError, match="there is no researcher 'r9'"):
            operator.steer(SteerRequest(researcher="r9", text="x"))
        with pytest.raises(UserError, match="takes part already"):
            operator.admit(ResearcherRequest(name="r1", mind="other", direction="any"))
        with pytest.raises(UserError, match="stands for something else"):
            operator.admit(ResearcherRequest(name="lab", mind="search", direction="any"))


def test_a_lab_that_is_away_is_one_line(lab: LabProcess) -> None:
    with (
        Member(lab.paths.runtime / "nowhere.sock", deadline=0.1) as door,
        pytest.raises(OperatorError, match="running"),
    ):
        door.me()


def test_good_methods_end_in_the_ledger_as_files(r1: Member) -> None:
    assert r1.get_snapshot(r1.method(GOOD)).files == {"method.py": GOOD}
