"""What a researcher may try on its socket: sizes, broken requests, many connections; and what must never come back."""

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from aarlab.wire import FindingRequest, SnapshotRequest
from tests.support.lab import LabProcess, Member
from tests.support.toy import BROKEN_GRADER, HELD_OUT


@pytest.fixture(scope="module")
def r1(lab: LabProcess) -> Member:
    return lab.admit("r1")


@pytest.fixture
def raw(lab: LabProcess, r1: Member) -> Iterator[httpx.Client]:
    """Sends anything through r1's socket."""
    assert r1.me().name == "r1"
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(lab.socket("r1"))), base_url="http://lab") as client:
        yield client


def bodies(size: int, piece: int = 65536) -> Iterator[bytes]:
    for _ in range(size // piece):
        yield b" " * piece


JSON = {"Content-Type": "application/json"}
LONG = "x" * 100_000


def test_bodies_have_a_cap_declared_or_not(raw: httpx.Client) -> None:
    for content in (b" " * (3 << 20), bodies(3 << 20)):
        answer = raw.post("/v1/findings", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "large")
    for content in (b" " * (17 << 20), bodies(17 << 20)):
        answer = raw.put("/v1/blobs", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "large")
    assert raw.get("/v1/me").status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"kind": "insight", "title": "t", "text": "\\ud800"}',
        b'{"kind": "insight", "title": "t", "text": NaN}',
        b"[" * 100_000,
        b'{"kind": "insight", "title": "t", "text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"kind": "insight", "title": "t", "text": ' + b"9" * 100_000 + b"}",
        b'{"kind": "moon", "title": "t", "text": "x"}',
        b'{"kind": "insight", "title": "' + b"t" * 201 + b'", "text": "x"}',
    ],
)
def test_broken_requests_are_one_short_line(raw: httpx.Client, lab: LabProcess, content: bytes) -> None:
    events = len(lab.events())
    answer = raw.post("/v1/findings", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert len(answer.content) < 500
    assert len(lab.events()) == events


@pytest.mark.parametrize(
    "path",
    [
        "/v1/snapshots/" + LONG[:30000],
        "/v1/snapshots/..%2f..%2fvault%2fkey",
        "/v1/snapshots/HEAD",
        "/v1/submissions/%ed%a0%80",
        "/v1/submissions/x?wait=nan",
        "/v1/submissions/x?wait=-1",
        "/v1/forum?after=x",
        "/v1/forum?after=" + "9" * 5000,
        "/docs",
    ],
)
def test_odd_addresses(raw: httpx.Client, path: str) -> None:
    answer = raw.get(path)
    assert 400 <= answer.status_code < 500
    assert set(answer.json()) == {"code", "message"}
    assert len(answer.content) < 500


def test_what_is_no_http_is_hung_up_on(lab: LabProcess, r1: Member) -> None:
    for data in (b"\x00" * 1000, b"GET / HTTP/1.1\r\n" + b"a" * 200_000):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(10)
            line.connect(str(lab.socket("r1")))
            line.sendall(data)
            assert line.recv(100).startswith(b"HTTP/1.1 400")
    assert r1.me().name == "r1"


def test_one_socket_cannot_use_up_the_lab(lab: LabProcess, r1: Member) -> None:
    other = lab.admit("r2")
    lines = []
    try:
        for _ in range(200):
            lines.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            lines[-1].settimeout(10)
            lines[-1].connect(str(lab.socket("r1")))
        assert lines[-1].recv(1) == b""
        assert other.me().name == "r2"
    finally:
        for line in lines:
            line.close()
    assert r1.me().name == "r1"


def test_nothing_held_out_in_any_answer_or_log(lab: LabProcess, r1: Member, raw: httpx.Client) -> None:
    r1.ask(BROKEN_GRADER, b"0.5", b"0.5")
    seen = r1.prove(f"def train(data, seed):\n    return {BROKEN_GRADER!r}")
    r1.finding(FindingRequest(kind="error", title="t", text="x", submission=seen.id))
    r1.snapshot(SnapshotRequest(files={"method.py": ""}, message="x"))
    paths = ["me", "problem", "board", "forum", "notes", f"submissions/{seen.id}", f"snapshots/{seen.snapshot}"]
    answers = {path: raw.get(f"/v1/{path}") for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    said = json.dumps([answer.text for answer in answers.values()]) + lab.log.read_text()
    key = (lab.paths.vault / "key").read_bytes()
    hidden = [HELD_OUT, key.hex(), str(lab.paths.root)]
    for event in lab.events():
        hidden += [str(seed) for seed in event.body.get("seeds", [])]
    assert len(hidden) >= 7
    assert [word for word in hidden if word in said] == []
