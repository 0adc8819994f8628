"""A study whose lab is open and which has something on every page of its records."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aarlab.fleet.study import hold
from aarlab.paths import StudyPaths
from aarlab.wire import (
    AnswerRequest,
    DecisionRequest,
    DevRequest,
    FindingRequest,
    ProposalRequest,
    RaiseRequest,
    SnapshotRequest,
    VerifyRequest,
    VoteRequest,
)
from tests.support.cli import EVIL
from tests.support.lab import GOOD, OTHER, LabProcess, Member
from tests.support.transcripts import Script


@dataclass(frozen=True)
class Records:
    """The study, and the ids of what is in it."""

    lab: LabProcess
    """Its lab."""
    one: Member
    """r1, at its door."""
    other: Member
    """r2."""
    old: str
    """A snapshot of r1, which is verified."""
    new: str
    """A snapshot of r2 that builds on it, which is verified too."""
    rows: tuple[str, str]
    """These verifications."""
    asked: str
    """A dev submission of the first."""
    finding: str
    """The result that r1 has posted, with hostile text."""
    correction: str
    """What corrects it."""
    incident: str
    """One that the operator has raised about the second row, decided against it; r2 has replied and appealed."""

    @property
    def paths(self) -> StudyPaths:
        """Of the study."""
        return self.lab.paths


@contextmanager
def records(root: Path) -> Iterator[Records]:
    """Such a study in `root`, held by this process; its lab is closed at the end."""
    lab = LabProcess(root)
    with hold(lab.paths):
        lab.start()
        try:
            yield _filled(lab)
        finally:
            lab.stop()


def _filled(lab: LabProcess) -> Records:
    one, other = lab.admit("r1"), lab.admit("r2")
    proposal = one.propose(ProposalRequest(title=f"threshold {EVIL}", text=f"# Why\n\n{EVIL}", family="other"))
    old = one.snapshot(SnapshotRequest(files={"method.py": GOOD, "notes.md": f"{EVIL}\n"}, message=f"first {EVIL}"))
    students = tuple(one.put_blob(text) for text in (b"0.5", b"0.51", b"0.49"))
    asked = one.dev(DevRequest(proposal=proposal, snapshot=old, students=students))
    new = other.snapshot(SnapshotRequest(files={"method.py": OTHER}, message="a smaller step", parents=(old,)))
    other_proposal = other.propose(ProposalRequest(title="a smaller threshold", text="because", family="other"))
    rows = [
        one.verify(VerifyRequest(proposal=proposal, snapshot=old), wait=60),
        other.verify(VerifyRequest(proposal=other_proposal, snapshot=new), wait=60),
    ]
    assert [row.status for row in rows] == ["ok", "ok"], rows
    text = f"# Big\n\nthe margin helps {EVIL}"
    finding = one.finding(FindingRequest(kind="result", title=f"it works {EVIL}", text=text, submission=rows[0].id))
    other.vote(finding, VoteRequest(value=1))
    correction = other.finding(
        FindingRequest(kind="correction", title="not quite", text="see", corrects=finding, cites=(old,))
    )
    incident = _accused(lab, other, rows[1].id)
    Script().session().answer(("c1", "shell", {"command": "echo zebra"}), text=f"I look {EVIL}", thinking="hm").tool(
        "shell", f"zebra {EVIL}", tool_call_id="c1"
    ).results(("c1", "shell", f"zebra {EVIL}")).write(lab.paths.transcripts / "r1.jsonl")
    return Records(lab, one, other, old, new, (rows[0].id, rows[1].id), asked.id, finding, correction, incident)


def _accused(lab: LabProcess, accused: Member, row: str) -> str:
    with lab.operator() as operator:
        incident = operator.raise_incident(RaiseRequest(submission=row, words="It looks at the clock."))
        accused.answer(incident, AnswerRequest(text=f"It does not. {EVIL}"))
        operator.decide(incident, DecisionRequest(decision="disqualified", reason="It reads the clock.", by="ada"))
    accused.answer(incident, AnswerRequest(text="Look again.", appeal=True))
    return incident
