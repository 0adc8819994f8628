"""The lab's memory as a pure fold over the ledger: the same events give the same state, in the server and the CLI."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar, Literal

from aarlab.errors import OperatorError, ResearcherError
from aarlab.lab.chain import GENESIS
from aarlab.lab.events import Kind
from aarlab.lab.ladder import Rung, rung
from aarlab.lab.records import (
    AnswerRecord,
    Clock,
    FinalRecord,
    FindingRecord,
    IncidentRecord,
    MarkRecord,
    ProposalRecord,
    Researcher,
    SnapshotRecord,
    SubmissionRecord,
    TransferRecord,
)
from aarlab.lab.store import Event
from aarlab.problem.contract import BASELINE
from aarlab.settings import StudyConfig
from aarlab.wire import ModelUse, Tokens
from aarlab.wire.usage import summed


class State:
    """Everything that has happened. Only `apply` changes it."""

    def __init__(self) -> None:
        """The state before the first event."""
        self.config: StudyConfig | None = None
        self.problem = ""
        self.digest = ""
        self.seq = 0
        self.head = GENESIS
        self.clock = Clock()
        self.sessions = 0
        self.reason = ""
        self.finished = False
        """Whether the last session ended because what was to be done is done."""
        self.metric = "score"
        """The problem's own word for its metric."""
        self.marks: dict[str, MarkRecord] | None = None
        self.rungs: list[tuple[str | None, Rung | None]] = []
        """Steps of the Ladder with the submissions that made them; the first is the baseline."""
        self.incidents: dict[str, IncidentRecord] = {}
        self.reviewed: set[str] = set()
        """Submissions that the monitor has read."""
        self.review_dollars = 0.0
        self.review_tokens = Tokens()
        """Of all readings; their input and output."""
        self.review_held = 0.0
        """Dollars set aside for the reading that is under way."""
        self.final: FinalRecord | None = None
        self.transfers: dict[str, TransferRecord] = {}
        self.researchers: dict[str, Researcher] = {}
        self.snapshots: dict[str, SnapshotRecord] = {}
        self.proposals: dict[str, ProposalRecord] = {}
        self.submissions: dict[str, SubmissionRecord] = {}
        self.findings: dict[str, FindingRecord] = {}
        self.requests: set[str] = set()
        """Ids of operator's requests that were carried out, so that a repeated one is not."""

    @classmethod
    def of(cls, events: Iterable[Event]) -> "State":
        """The state after `events`."""
        state = cls()
        for event in events:
            state.apply(event)
        return state

    def apply(self, event: Event) -> None:
        """Takes in the next event. Raises OperatorError on a kind that this version does not know."""
        handler = self._HANDLERS.get(event.kind)
        if handler is None:
            raise OperatorError(f"entry {event.seq} of the ledger is of the unknown kind {event.kind!r}; update aarlab")
        self.clock = _tick(self.clock, event)
        handler(self, event, event.body)
        self.seq, self.head = event.seq, event.hash
        if "request" in event.meta:
            self.requests.add(event.meta["request"])
        if event.actor in self.researchers:
            self._touch(event.actor, seq=event.seq, last=_words(event))

    def settings(self) -> StudyConfig:
        """The settings of the study. Raises OperatorError on an empty ledger."""
        if self.config is None:
            raise OperatorError("the ledger is empty: this study has not begun")
        return self.config

    @property
    def closed(self) -> bool:
        """Whether the final set was opened, so that nothing more may be asked of the hidden data."""
        return self.final is not None and self.final.opening

    def require_room(self, name: str) -> None:
        """Raises ResearcherError(code="budget") when a researcher has as many entries as the lab keeps of one."""
        known = self.researchers.get(name)
        if known is not None and known.entries >= (most := self.settings().limits.entries):
            raise ResearcherError(f"you have written {most} entries, and the lab keeps no more of one", code="budget")

    def _touch(self, name: str, *, seq: int, last: str) -> None:
        self._change(name, last_seq=seq, last=last, entries=self.researchers[name].entries + 1)

    def _change(self, name: str, **changes: Any) -> None:
        self.researchers[name] = replace(self.researchers[name], **changes)

    def _study_created(self, event: Event, body: dict[str, Any]) -> None:
        self.config = StudyConfig.model_validate(body["config"])
        self.metric = event.meta.get("metric", self.metric)
        self.problem, self.digest = body["problem"], body["digest"]

    def _lab_started(self, _: Event, body: dict[str, Any]) -> None:
        pass

    def _session_started(self, event: Event, _: dict[str, Any]) -> None:
        self.sessions += 1
        self.finished = False
        self.reason = event.meta.get("reason", "")

    def _session_ended(self, event: Event, _: dict[str, Any]) -> None:
        self.finished = event.meta.get("finished", False)
        self.reason = event.meta.get("reason", "")

    def _researcher_admitted(self, event: Event, body: dict[str, Any]) -> None:
        self.researchers[body["name"]] = Researcher(**body, last_seq=event.seq)

    def _marks_scored(self, _: Event, body: dict[str, Any]) -> None:
        self.marks = {name: MarkRecord(name=name, **score) for name, score in body["marks"].items()}
        if BASELINE in self.marks:
            self.rungs.insert(0, (None, rung(self.marks[BASELINE].facts)))

    def _snapshot_stored(self, event: Event, body: dict[str, Any]) -> None:
        parents = tuple(body["parents"])
        record = SnapshotRecord(body["id"], event.actor, body["message"], parents, body["content"])
        self.snapshots[record.id] = record

    def _proposal_frozen(self, event: Event, body: dict[str, Any]) -> None:
        self.proposals[body["id"]] = ProposalRecord(**body, author=event.actor, seq=event.seq)

    def _dev_requested(self, event: Event, body: dict[str, Any]) -> None:
        self.submissions[body["id"]] = self._requested(event, "dev")

    def _dev_answered(self, _: Event, body: dict[str, Any]) -> None:
        record = self.submissions[body["id"]]
        self.submissions[record.id] = replace(record, status=body["status"], answer=body["answer"])

    def _verify_requested(self, event: Event, body: dict[str, Any]) -> None:
        self.submissions[body["id"]] = self._requested(event, "verify")

    def _verify_finished(self, event: Event, body: dict[str, Any]) -> None:
        meta, score = event.meta, body["score"] or {}
        self.submissions[body["id"]] = replace(
            self.submissions[body["id"]],
            status=body["status"],
            rankable=meta["rankable"],
            missing=tuple(meta["missing"]),
            runs=tuple(body["runs"]),
            controls={variant: tuple(words) for variant, words in body["controls"].items()},
            new_best=body["new_best"],
            cpu_seconds=meta["cpu_seconds"],
            seconds=meta["seconds"],
            **score,
        )
        if body["new_best"]:
            self.rungs.append((body["id"], rung(score["facts"])))

    def _finding_posted(self, event: Event, body: dict[str, Any]) -> None:
        fields = body | {"cites": tuple(body["cites"])}
        record = FindingRecord(**fields, author=event.actor, posted=event.seq, changed=event.seq)
        self.findings[record.id] = record
        if record.corrects:
            old = self.findings[record.corrects]
            corrected = (*old.corrected_by, record.id)
            self.findings[old.id] = replace(old, corrected_by=corrected, changed=event.seq)

    def _vote_cast(self, event: Event, body: dict[str, Any]) -> None:
        old = self.findings[body["finding"]]
        self.findings[old.id] = replace(old, votes={**old.votes, event.actor: body["value"]}, changed=event.seq)

    def _note_saved(self, event: Event, body: dict[str, Any]) -> None:
        self._change(event.actor, note=body["text"])

    def _usage_reported(self, event: Event, body: dict[str, Any]) -> None:
        name, meta = body["researcher"], event.meta
        old = self.researchers[name]
        self._change(
            name,
            experiments=old.experiments + meta["experiments"],
            cpu_seconds=old.cpu_seconds + meta["cpu_seconds"],
            wall_seconds=old.wall_seconds + meta["wall_seconds"],
            gpu_seconds=old.gpu_seconds + meta.get("gpu_seconds", 0.0),
            model_dollars=old.model_dollars + meta.get("model_dollars", 0.0),
            models=summed(old.models, {name: ModelUse(**use) for name, use in meta.get("models", {}).items()}),
            held=meta.get("held", 0.0),
        )

    def _transcript_sealed(self, _: Event, body: dict[str, Any]) -> None:
        pass

    def _control_set(self, _: Event, body: dict[str, Any]) -> None:
        for name in [body["researcher"]] if body["researcher"] else list(self.researchers):
            self._change(name, control=body["action"], reason=body["reason"])

    def _steer_sent(self, _: Event, body: dict[str, Any]) -> None:
        name = body["researcher"]
        self._change(name, messages=(*self.researchers[name].messages, body["text"]))

    def _mind_replaced(self, _: Event, body: dict[str, Any]) -> None:
        name = body["researcher"]
        replaced = self.researchers[name].replaced + 1
        self._change(name, mind=body["mind"], minds=body["minds"], replaced=replaced)

    def _requested(self, event: Event, door: Literal["dev", "verify"]) -> SubmissionRecord:
        fields = event.body | {"students": tuple(event.body.get("students", ()))}
        known = self.researchers.get(event.actor)
        return SubmissionRecord(
            **fields,
            door=door,
            researcher=event.actor,
            seq=event.seq,
            mind=known.mind if known else "",
            requested=float(event.meta["time"]),
        )

    def _incident_raised(self, event: Event, body: dict[str, Any]) -> None:
        fields = body | {name: tuple(body[name]) for name in ("quotes", "others")}
        first, last = event.meta["entries"]
        self.incidents[body["id"]] = IncidentRecord(**fields, entries=(first, last), seq=event.seq)

    def _incident_decided(self, _: Event, body: dict[str, Any]) -> None:
        decided = {name: body[name] for name in ("decision", "reason", "by")}
        self.incidents[body["id"]] = replace(self.incidents[body["id"]], **decided, appealed=False)

    def _incident_answered(self, event: Event, body: dict[str, Any]) -> None:
        old = self.incidents[body["id"]]
        answer = AnswerRecord(body["text"], body["appeal"], event.seq)
        appealed = old.appealed or body["appeal"]
        self.incidents[old.id] = replace(old, answers=(*old.answers, answer), appealed=appealed)

    def _review_started(self, event: Event, _: dict[str, Any]) -> None:
        # A reading that has lost its end may have been paid for: it counts in full.
        self.review_dollars += self.review_held
        self.review_held = event.meta["held"]

    def _review_finished(self, event: Event, body: dict[str, Any]) -> None:
        self.reviewed.add(body["id"])
        self.review_dollars += event.meta["dollars"]
        read, old = event.meta, self.review_tokens
        tokens = {"input": old.input + int(read["tokens_in"]), "output": old.output + int(read["tokens_out"])}
        self.review_tokens, self.review_held = Tokens(**tokens), 0.0

    def _transfer_finished(self, event: Event, body: dict[str, Any]) -> None:
        self.transfers[body["id"]] = TransferRecord(body, tuple(event.meta["missing"]))

    def _final_named(self, _: Event, body: dict[str, Any]) -> None:
        self.final = FinalRecord(tuple(body["finalists"]))

    def _final_opening(self, _: Event, __: dict[str, Any]) -> None:
        assert self.final is not None
        self.final = replace(self.final, opening=True)

    def _final_opened(self, _: Event, body: dict[str, Any]) -> None:
        assert self.final is not None
        self.final = replace(self.final, results=body)

    _HANDLERS: ClassVar[dict[str, Callable[["State", Event, dict[str, Any]], None]]] = {
        Kind.STUDY_CREATED: _study_created,
        Kind.LAB_STARTED: _lab_started,
        Kind.SESSION_STARTED: _session_started,
        Kind.SESSION_ENDED: _session_ended,
        Kind.RESEARCHER_ADMITTED: _researcher_admitted,
        Kind.MARKS_SCORED: _marks_scored,
        Kind.SNAPSHOT_STORED: _snapshot_stored,
        Kind.PROPOSAL_FROZEN: _proposal_frozen,
        Kind.DEV_REQUESTED: _dev_requested,
        Kind.DEV_ANSWERED: _dev_answered,
        Kind.VERIFY_REQUESTED: _verify_requested,
        Kind.VERIFY_FINISHED: _verify_finished,
        Kind.FINDING_POSTED: _finding_posted,
        Kind.VOTE_CAST: _vote_cast,
        Kind.NOTE_SAVED: _note_saved,
        Kind.USAGE_REPORTED: _usage_reported,
        Kind.TRANSCRIPT_SEALED: _transcript_sealed,
        Kind.CONTROL_SET: _control_set,
        Kind.STEER_SENT: _steer_sent,
        Kind.MIND_REPLACED: _mind_replaced,
        Kind.INCIDENT_RAISED: _incident_raised,
        Kind.INCIDENT_DECIDED: _incident_decided,
        Kind.INCIDENT_REINSTATED: _incident_decided,
        Kind.INCIDENT_ANSWERED: _incident_answered,
        Kind.REVIEW_STARTED: _review_started,
        Kind.REVIEW_FINISHED: _review_finished,
        Kind.TRANSFER_FINISHED: _transfer_finished,
        Kind.FINAL_NAMED: _final_named,
        Kind.FINAL_OPENING: _final_opening,
        Kind.FINAL_OPENED: _final_opened,
    }


def _tick(clock: Clock, event: Event) -> Clock:
    """The clock after an event: see Clock for what a crash does to it."""
    time = float(event.meta["time"])
    over = clock.seconds()
    if clock.since is not None and time < clock.last:  # the host's clock was set back: what is over stays over
        clock = replace(clock, closed=over, since=time, last=time)
    if event.kind == Kind.SESSION_STARTED:
        return Clock(closed=over, since=time, last=time, open=True)
    if event.kind == Kind.SESSION_ENDED:
        until = clock.seconds(now=time) if clock.open else over
        return Clock(closed=until, since=None, last=time, open=False)
    if event.kind == Kind.LAB_STARTED:
        return Clock(closed=over, since=None, last=time, open=clock.open)
    if clock.open and clock.since is None and event.actor != "lab":
        return replace(clock, since=time, last=time)
    return replace(clock, last=time)


_SEEN = {
    Kind.SNAPSHOT_STORED: "froze a method",
    Kind.PROPOSAL_FROZEN: "proposed: {title}",
    Kind.DEV_REQUESTED: "asked dev",
    Kind.VERIFY_REQUESTED: "asked verify",
    Kind.FINDING_POSTED: "posted a {kind}: {title}",
    Kind.VOTE_CAST: "voted",
    Kind.NOTE_SAVED: "saved its notes",
    Kind.INCIDENT_ANSWERED: "answered an incident",
}


def _words(event: Event) -> str:
    """What a researcher did, in words. Titles are text of researchers."""
    return _SEEN.get(Kind(event.kind), event.kind).format(**event.body)
