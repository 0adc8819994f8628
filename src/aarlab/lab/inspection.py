"""Shows each submission to the detectors before its answer is written. What they see depends on the ledger alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.errors import ResearcherError
from aarlab.integrity.case import Case, Handed, Suspicion
from aarlab.integrity.detectors import look
from aarlab.lab.crew import guarded
from aarlab.lab.ledger import Ledger
from aarlab.lab.records import ProposalRecord, SubmissionRecord
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.state import State
from aarlab.lab.store import Blobs
from aarlab.problem.contract import Inspectable, Problem, ProtocolName, Score
from aarlab.problem.sight import Sight

BROKEN = Suspicion("inspection", "quarantine", "The lab could not inspect this submission, so a person must.")
"""A defect of a detector must not let a row through."""
_TRANSCRIPT = 65536


@dataclass(frozen=True)
class _Entry:
    """What the ledger has on a submission."""

    record: SubmissionRecord
    proposal: ProposalRecord
    content: str
    ancestors: frozenset[str]

    @classmethod
    def of(cls, state: State, record: SubmissionRecord) -> "_Entry":
        content = state.snapshots[record.snapshot].content
        return cls(record, state.proposals[record.proposal], content, _ancestors(state, record.snapshot))


class Inspector:
    """Builds a case from the ledger, the methods and the students, and asks every detector."""

    def __init__(
        self,
        ledger: Ledger,
        snapshots: Snapshots,
        blobs: Blobs,
        *,
        problem: Problem,
        protocol: ProtocolName,
        key: bytes,
        logs: Path,
    ) -> None:
        """`key` is that of the public inputs, `logs` where researchers' transcripts are."""
        self._ledger = ledger
        self._snapshots = snapshots
        self._blobs = blobs
        self._problem = problem
        self._protocol: ProtocolName = protocol
        self._key = key
        self._logs = logs
        self._seen: dict[str, tuple[Sight, ...]] = {}

    def asked(self, submission: str) -> tuple[Suspicion, ...]:
        """Suspicions about a dev submission whose students are valid."""
        return self._ask(submission, None, ())

    def verified(self, submission: str, score: Score | None, *, outcomes: Sequence[Any]) -> tuple[Suspicion, ...]:
        """Suspicions about a verification; `outcomes` of its real runs, none when one of them failed."""
        return self._ask(submission, score, outcomes)

    def case(self, submission: str) -> Case:
        """A verified submission as the monitor sees it: code and texts, no answers."""
        return self._case(submission, None, ())

    def _ask(self, submission: str, score: Score | None, outcomes: Sequence[Any]) -> tuple[Suspicion, ...]:
        def work() -> tuple[Suspicion, ...]:
            return look(self._case(submission, score, outcomes))

        return guarded(work, otherwise=(BROKEN,), what=f"inspection of {submission}")

    def _case(self, submission: str, score: Score | None, outcomes: Sequence[Any]) -> Case:
        with self._ledger.open() as book:
            asked = book.state.submissions[submission]
            own = _Entry.of(book.state, asked)
            earlier = [_Entry.of(book.state, one) for one in book.state.submissions.values() if one.seq < asked.seq]
        sights = self._sights(asked) if asked.door == "dev" else self._graded(outcomes)
        return Case(
            **self._handed(own, sights),
            title=own.proposal.title,
            text=own.proposal.text,
            protocol=self._protocol,
            score=score,
            accuracy=_accuracy(sights) if asked.door == "dev" else None,
            sets=self._problem.card().facts.get("sets", {}),
            history=tuple(Handed(**self._handed(entry, self._sights(entry.record))) for entry in earlier),
            transcript=self._transcript(asked.researcher),
        )

    def _handed(self, entry: "_Entry", sights: tuple[Sight, ...]) -> dict[str, Any]:
        record = entry.record
        return {
            "id": record.id,
            "door": record.door,
            "researcher": record.researcher,
            "snapshot": record.snapshot,
            "content": entry.content,
            "family": entry.proposal.family,
            "files": self._snapshots.files(record.snapshot),
            "students": record.students,
            "sights": sights,
            "ancestors": entry.ancestors,
        }

    def _graded(self, outcomes: Sequence[Any]) -> tuple[Sight, ...]:
        if not outcomes or not isinstance(self._problem, Inspectable):
            return ()
        return tuple(self._problem.sights(outcomes))

    def _sights(self, record: SubmissionRecord) -> tuple[Sight, ...]:
        """How a dev submission answers the dev set; nothing for a malformed one and for a verification."""
        if record.door != "dev" or not isinstance(self._problem, Inspectable):
            return ()
        if record.id not in self._seen:
            files = [self._blobs.get(student) for student in record.students]
            try:
                found = tuple(self._problem.examine(files, key=self._key))
            except ResearcherError:
                found = ()
            self._seen[record.id] = found
        return self._seen[record.id]

    def _transcript(self, researcher: str) -> str:
        """The end of what the researcher's mind has logged, if it runs on this host."""
        try:
            with (self._logs / f"{researcher}.log").open("rb") as stream:
                stream.seek(0, 2)
                stream.seek(max(0, stream.tell() - _TRANSCRIPT))
                return stream.read().decode(errors="replace")
        except FileNotFoundError:
            return ""


def _accuracy(sights: Sequence[Sight]) -> float | None:
    means = [float(sight.right.mean()) for sight in sights]
    return sum(means) / len(means) if means else None


def _ancestors(state: State, snapshot: str) -> frozenset[str]:
    """All snapshots on which one says that it builds."""
    found: set[str] = set()
    left = list(state.snapshots[snapshot].parents)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += state.snapshots[name].parents
    return frozenset(found)
