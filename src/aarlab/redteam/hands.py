"""What attacks do at the doors and in the sandboxes of a lab, and how their gain is measured."""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aarlab.api.unix import UnixHttp
from aarlab.errors import OperatorError
from aarlab.redteam.target import Target
from aarlab.sandbox.protocol import Completed
from aarlab.w2s.methods import METHODS
from aarlab.w2s.problem import W2SDraw
from aarlab.wire import ProposalRequest, SnapshotRequest, Submission, VerifyRequest

ATTACKER, VICTIM = "mallory", "alice"
"""Two researchers of the lab "system"."""
BOMBS = Path(__file__).with_name("_bombs.py").read_text(encoding="utf-8")
VANILLA = textwrap.dedent("""\
    from aarlab.w2s.methods import METHODS

    def train(task, *, seed):
        return METHODS["vanilla"](task, seed=seed)
    """)
"""The honest twin of every method here."""
_WAIT = 240.0
_SECONDS = 30.0


@dataclass(frozen=True)
class Reply:
    """An answer at a researcher's door."""

    status: int
    """HTTP."""
    body: bytes
    """As it came."""

    @property
    def ok(self) -> bool:
        """Whether the lab did as it was asked."""
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def ask(
    target: Target, name: str, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """Any request through the socket of one researcher; bytes are sent as they are, all else as JSON."""
    target.door(name)
    line = UnixHttp(target.paths.socket_folder(name) / "lab.sock", timeout=_SECONDS)
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    try:
        return Reply(
            *line.ask(method, path, body=data, headers={"Content-Type": "application/json", **(headers or {})})
        )
    finally:
        line.close()


def prove(target: Target, methods: Mapping[str, Mapping[str, str]], *, name: str = ATTACKER) -> dict[str, Submission]:
    """Has methods (label -> files) verified, all at once; their answers."""
    door = target.door(name)
    proposal = door.propose(ProposalRequest(title="a method", text="what it does"))
    asked = {}
    for label, files in methods.items():
        snapshot = door.snapshot(SnapshotRequest(files=dict(files), message=label[:400]))
        asked[label] = door.verify(VerifyRequest(proposal=proposal, snapshot=snapshot)).id
    return {label: door.submission(submission, wait=_WAIT) for label, submission in asked.items()}


def gain(target: Target, submission: Submission) -> float:
    """Points of accuracy over the honest twin on the very same draws; 0 for a row without a value."""
    accuracy = submission.facts.get("transfer_acc")
    if submission.status != "ok" or accuracy is None:
        return 0.0
    problem, right = target.problem(), []
    for seed in _seeds(target, submission.id):
        draw = problem.draw(seed)
        assert isinstance(draw, W2SDraw), "the range's problems are weak-to-strong"
        right.append(draw.grade(METHODS["vanilla"](draw.world.task, seed=0).to_bytes()).transfer)
    return round(float(100 * (accuracy - np.concatenate(right).mean())), 6) + 0.0


def _seeds(target: Target, submission: str) -> tuple[int, ...]:
    """From the ledger, which no researcher can read."""
    after = 0
    while page := target.operator.events(after=after):
        for event in page:
            if event.kind == "verify.finished" and event.body["id"] == submission:
                return tuple(event.body["seeds"])
        after = page[-1].seq
    raise OperatorError(f"the ledger of the range has no end of {submission}")


def inside(target: Target, bomb: str, order: Mapping[str, Any], *, name: str = ATTACKER) -> Any:
    """Sets off one of _bombs.py in a researcher's sandbox; the last that it said."""
    argv = ["python", "-c", BOMBS, bomb]
    return last_word(target.sandbox(name).exec(argv, timeout=_SECONDS, stdin=json.dumps(order).encode()))


def last_word(done: Completed) -> Any:
    """The last whole line of JSON that a bomb has printed. Raises OperatorError when it did not even begin."""
    lines = done.stdout.split(b"\n")[:-1]
    if not lines:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        raise OperatorError(f"an attack of the red team is broken ({done.status}): {said}")
    return json.loads(lines[-1])


def not_enforced(target: Target, what: str) -> str:
    """Why this host does not hold a limit, in words that begin a line of the table; "" where it does."""
    started = [event for event in target.operator.events() if event.kind == "lab.started"][-1]
    why = dict(started.meta["missing"]).get(what)
    return f"not enforced here ({why}): " if why else ""


def answers(target: Target) -> bool:
    """Whether the lab still serves somebody else."""
    return ask(target, VICTIM, "GET", "/v1/me").ok
