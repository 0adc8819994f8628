"""Non-interference: other labels of a sealed part change no byte of what a researcher saw before it was opened."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from aarlab.api.unix import UnixHttp
from aarlab.w2s import Task
from aarlab.w2s.methods import METHODS
from tests.api.conftest import Begin
from tests.support.lab import LabProcess, until

SETTINGS: dict[str, dict[str, Any]] = {
    "study": {"seed": 11},
    "budget": {"dev_answers": 2},
    "price": {"cpu_hour": 0.0},
    "sandbox": {"memory_mb": 1024, "disk_mb": 32},
}
VANILLA = "from aarlab.w2s.methods import METHODS\ntrain = METHODS['vanilla']\n"
Answers = list[tuple[str, int, bytes]]


class Tape:
    """A researcher that keeps every byte of every answer."""

    def __init__(self, socket: Path) -> None:
        self.answers: Answers = []
        self._http = UnixHttp(socket, timeout=90)

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        status, answer = self._http.ask(method, path, body=data, headers={"Content-Type": kind})
        self.answers.append((f"{method} {path}", status, answer if path != "/v1/forum" else researchers(answer)))
        return json.loads(answer)


def researchers(forum: bytes) -> bytes:
    """The forum without the lab's own posts, the heads of the ledger, in whose hashes the clock is."""
    return json.dumps([post for post in json.loads(forum) if post["author"] != "lab"]).encode()


def before_verify(lab: LabProcess, tape: Tape) -> None:
    """All that there is to ask before anything is verified; also what is refused."""
    task = Task.load(lab.paths.data())
    files = {"files": {"method.py": VANILLA}, "message": "vanilla"}
    tape.ask("GET", "/v1/me")
    tape.ask("GET", "/v1/problem")
    snapshot = tape.ask("POST", "/v1/snapshots", files)["id"]
    proposal = tape.ask("POST", "/v1/proposals", {"title": "vanilla", "text": "because"})["id"]
    work = {"proposal": proposal, "snapshot": snapshot}
    for name in ("vanilla", "self_training", "confident_only"):
        students = [METHODS[name](task, seed=seed).to_bytes() for seed in range(3)]
        blobs = [tape.ask("PUT", "/v1/blobs", student)["id"] for student in students]
        tape.ask("POST", "/v1/dev?wait=30", {**work, "students": blobs})
    post = {"kind": "insight", "title": "labels", "text": "none seen"}
    tape.ask("POST", "/v1/findings", post)
    tape.ask("GET", "/v1/forum")
    tape.ask("GET", "/v1/me")


def with_verify(lab: LabProcess, tape: Tape) -> None:
    """The same, then a verification and the board with its marks."""
    before_verify(lab, tape)
    snapshot, proposal = (json.loads(tape.answers[place][2])["id"] for place in (2, 3))
    seen = tape.ask("POST", "/v1/verify?wait=30", {"proposal": proposal, "snapshot": snapshot})
    until(lambda: tape_status(lab, seen["id"]) == "ok", seconds=90)
    tape.ask("GET", f"/v1/submissions/{seen['id']}")
    tape.ask("GET", "/v1/board")
    tape.ask("GET", "/v1/forum")
    tape.ask("GET", "/v1/me")


def with_predictions(lab: LabProcess, tape: Tape) -> None:
    """All that there is to ask with files of predictions, but verify."""
    snapshot = tape.ask("POST", "/v1/snapshots", {"files": {"method.py": VANILLA}, "message": "vanilla"})["id"]
    proposal = tape.ask("POST", "/v1/proposals", {"title": "vanilla", "text": "because"})["id"]
    task, inputs = Task.load(lab.paths.data()), load_file(lab.paths.data() / "inputs.safetensors")
    students = [METHODS["vanilla"](task, seed=0), METHODS["zero_shot"](task, seed=0)]
    for name in ("dev", "hidden"):
        files = [(student.predict(inputs[name]) > 0).astype(int).tolist() for student in students]
        blobs = [tape.ask("PUT", "/v1/blobs", json.dumps(file).encode())["id"] for file in (*files, files[0])]
        if name == "dev":
            tape.ask("POST", "/v1/dev?wait=30", {"proposal": proposal, "snapshot": snapshot, "students": blobs})
    tape.ask("GET", "/v1/problem")
    tape.ask("GET", "/v1/me")


def with_verified_predictions(lab: LabProcess, tape: Tape) -> None:
    """The same, then a verification of the last three files, and the board."""
    with_predictions(lab, tape)
    snapshot, proposal = (json.loads(tape.answers[place][2])["id"] for place in (0, 1))
    blobs = [json.loads(answer)["id"] for what, _, answer in tape.answers if what == "PUT /v1/blobs"][-3:]
    asked = {"proposal": proposal, "snapshot": snapshot, "students": blobs}
    seen = tape.ask("POST", "/v1/verify?wait=30", asked)
    until(lambda: tape_status(lab, seen["id"]) == "ok", seconds=90)
    for path in (f"/v1/submissions/{seen['id']}", "/v1/board", "/v1/me"):
        tape.ask("GET", path)


def tape_status(lab: LabProcess, submission: str) -> str:
    return lab.member("r1").submission(submission).status


def record(
    begin: Begin, session: Callable[[LabProcess, Tape], None], *other_labels: str, protocol: str = "method"
) -> Answers:
    """What a researcher saw in a session, and the public inputs."""
    problem = {"kind": "tests.support.sealed:Sealed", "other_labels": list(other_labels)}
    lab = begin({**SETTINGS, "problem": problem, "verify": {"protocol": protocol}})
    lab.admit("r1")
    until(lambda: any(event.kind == "marks.scored" for event in lab.events()), seconds=60)  # places count from there
    with closing(Tape(lab.socket("r1"))) as tape:
        session(lab, tape)
    inputs = sorted(path for path in lab.paths.data().iterdir())
    return tape.answers + [(path.name, 0, path.read_bytes()) for path in inputs]


def test_verify_labels_are_in_nothing_before_a_verification(begin: Begin) -> None:
    seen = record(begin, before_verify)
    assert [status for _, status, _ in seen if status >= 400] == [429]
    assert record(begin, before_verify, "verify", "final") == seen


@pytest.mark.slow
def test_final_labels_are_in_nothing_before_the_opening(begin: Begin) -> None:
    seen = record(begin, with_verify)
    assert record(begin, with_verify, "final") == seen
    assert record(begin, with_verify, "verify") != seen, "the test sees no difference where there is one"


@pytest.mark.slow
def test_nor_are_they_where_the_inputs_of_all_hidden_items_are_public(begin: Begin) -> None:
    seen = record(begin, with_predictions, protocol="predictions")
    assert "inputs.safetensors" in {name for name, _, _ in seen}
    assert [status for _, status, _ in seen if status >= 400] == []
    assert record(begin, with_predictions, "verify", "final", protocol="predictions") == seen


@pytest.mark.slow
def test_nor_final_labels_when_one_file_answers_both_parts(begin: Begin) -> None:
    seen = record(begin, with_verified_predictions, protocol="predictions")
    assert record(begin, with_verified_predictions, "final", protocol="predictions") == seen
    assert record(begin, with_verified_predictions, "verify", protocol="predictions") != seen, "the test is blind"
