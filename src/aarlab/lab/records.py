"""What the lab remembers of each thing, as folded from the ledger. Frozen: a change is a new record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aarlab.wire import Decision, FindingKind, Level, Models, Phase, ProtocolName, Status

Action = Literal["run", "pause", "stop"]


@dataclass(frozen=True)
class Researcher:
    """A participant."""

    name: str
    mind: str
    direction: str
    family: str
    index: int
    """Order of admission, from which its uid comes."""
    control: Action = "run"
    reason: str = ""
    """Why the operator has set `control`."""
    experiments: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    gpu_seconds: float = 0.0
    model_dollars: float = 0.0
    models: Models = field(default_factory=dict)
    """Calls of its language models, by model; the ledgers of earlier versions have their dollars only."""
    held: float = 0.0
    """Dollars set aside for what it does next."""
    messages: tuple[str, ...] = ()
    """What the operator wrote to it."""
    minds: Mapping[str, Any] | None = None
    """Settings of the mind that has replaced its first one."""
    replaced: int = 0
    """How often its mind was replaced."""
    note: str = ""
    """Its own memory."""
    entries: int = 0
    """What it has written into the ledger."""
    last: str = "admitted"
    """Last thing seen, in words."""
    last_seq: int = 0


@dataclass(frozen=True)
class SnapshotRecord:
    """A frozen method; its files are in the repository."""

    id: str
    author: str
    message: str
    parents: tuple[str, ...]
    content: str
    """Names the files and nothing else."""


@dataclass(frozen=True)
class ProposalRecord:
    """A frozen description."""

    id: str
    author: str
    title: str
    text: str
    family: str
    seq: int


@dataclass(frozen=True)
class SubmissionRecord:
    """Something handed in for an answer."""

    id: str
    door: Literal["dev", "verify"]
    researcher: str
    snapshot: str
    proposal: str
    seq: int
    """Place of the request in the ledger: first come, first served."""
    mind: str = ""
    """What decided for the researcher then."""
    students: tuple[str, ...] = ()
    """Blob ids, sorted; none in a verification that re-executes the method."""
    protocol: ProtocolName = "method"
    """How the study's rows are made."""
    requested: float = 0.0
    """UTC seconds at which the request was recorded."""
    content: str = ""
    """Verify: content hash of the method."""
    status: Status = "queued"
    answer: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    refusal: str | None = None
    private: Mapping[str, Any] = field(default_factory=dict)
    """Verify: for the operator alone."""
    rankable: bool = True
    """Whether the sandbox held what it must for a result to rank."""
    missing: tuple[str, ...] = ()
    """What the sandbox did not enforce."""
    controls: Mapping[str, tuple[Status, ...]] = field(default_factory=dict)
    """Verify: how the runs of each control ended."""
    runs: tuple[Status, ...] = ()
    """Verify: how the real runs ended."""
    new_best: bool = False
    """Verify: whether it moved the Ladder."""
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    """Wall time of its computation. For the operator only."""

    @property
    def pending(self) -> bool:
        """Whether the lab still owes an answer."""
        return self.status in ("queued", "running")

    @property
    def ranks(self) -> bool:
        """Whether it has a value that was made where nothing could cheat it."""
        return self.status == "ok" and self.value is not None and self.low is not None and self.rankable

    @property
    def apart(self) -> str:
        """Why it is listed apart from the others, in words: what the controls say of its teacher; "" if nothing."""
        free = self.facts.get("teacher_free", False)
        return "teacher response unknown" if free is None else "teacher-free" if free else ""


@dataclass(frozen=True)
class AnswerRecord:
    """What a researcher said to an incident."""

    text: str
    appeal: bool
    seq: int


@dataclass(frozen=True)
class IncidentRecord:
    """Evidence that a submission may not be honest, and what people made of it."""

    id: str
    detector: str
    level: Level
    researcher: str
    submission: str | None
    """None when it is about the researcher, not about one piece of work."""
    words: str
    statistic: Mapping[str, Any]
    quotes: tuple[str, ...]
    others: tuple[str, ...]
    entries: tuple[int, int]
    """First and last entry of the ledger that it rests on."""
    seq: int
    """Where it was raised."""
    decision: Decision | None = None
    reason: str = ""
    by: str = ""
    """Who decided."""
    answers: tuple[AnswerRecord, ...] = ()
    appealed: bool = False
    """Whether the researcher has appealed since the last decision."""

    @property
    def phase(self) -> Phase:
        """Where it is."""
        return "open" if self.decision is None else "appealed" if self.appealed else "decided"


@dataclass(frozen=True)
class FindingRecord:
    """A forum post."""

    id: str
    author: str
    kind: FindingKind
    title: str
    text: str
    submission: str | None
    replies_to: str | None
    corrects: str | None
    cites: tuple[str, ...]
    posted: int
    """Place in the ledger."""
    changed: int
    """Place of the last event that changed what readers see: the post, a vote, a correction."""
    corrected_by: tuple[str, ...] = ()
    votes: Mapping[str, int] = field(default_factory=dict)
    """Last vote of each researcher."""


@dataclass(frozen=True)
class MarkRecord:
    """A reference of the lab's own on the board."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    facts: Mapping[str, Any]
    refusal: str | None
    private: Mapping[str, Any] = field(default_factory=dict)
    """For the operator alone."""


@dataclass(frozen=True)
class TransferRecord:
    """A verified method on a domain."""

    body: Mapping[str, Any]
    """Of transfer.finished."""
    missing: tuple[str, ...]
    """What the sandbox did not enforce."""


@dataclass(frozen=True)
class FinalRecord:
    """The final set: closed, then opening, then opened, and never closed again."""

    finalists: tuple[str, ...]
    """Submissions, as the operator named them."""
    opening: bool = False
    """Whether the operator has had it opened. From then on the study is closed."""
    results: Mapping[str, Any] | None = None
    """Body of final.opened."""


@dataclass(frozen=True)
class Clock:
    """Working time. A session without an end counts until the last event before the lab was started again.

    It never shrinks: a host clock that is set back takes back no second that has been worked.
    """

    closed: float = 0.0
    """Seconds of what is over."""
    since: float | None = None
    """Start of the stretch that runs now."""
    last: float = 0.0
    """Time of the last event."""
    open: bool = False
    """Whether a session has begun and not ended."""

    def seconds(self, *, now: float | None = None) -> float:
        """Working time until `now`, by default until the last event."""
        end = self.last if now is None else max(now, self.last)
        return self.closed + (max(0.0, end - self.since) if self.since is not None else 0.0)
