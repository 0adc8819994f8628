"""The tables of a study, row by row and typed: what `aarlab.read_study` gives. Nothing held out is in them.

Each class is a table, its fields are the columns; docs/notebooks.md is made from them.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class BoardLine:
    """The board: verified methods as ranked, then the marks of the lab."""

    rank: int | None
    """1 is the best lower end; rows listed apart have ranks of their own; none for marks and what does not rank."""
    name: str
    """Title of the proposal (a researcher's words), or of the mark."""
    kind: str
    """"method" or "mark"."""
    researcher: str
    """Who handed it in; "lab" for marks."""
    mind: str
    """What decided for the researcher then."""
    submission: str | None
    """Id of the verification."""
    snapshot: str | None
    """Id of the frozen method."""
    family: str
    """As its author tagged it."""
    status: str
    """"ok", or how the verification ended."""
    value: float | None
    """PGR, or the problem's own metric."""
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    """Upper end."""
    accuracy: float | None
    """Transfer accuracy, where the problem has one."""
    teacher_response: float | None
    """1 when all comes from the teacher, 0 when nothing does; none without controls."""
    apart: str
    """Why it is listed apart, or nothing."""
    standing: str
    """"under review", "listed apart", "disqualified", or nothing."""
    new_best: bool
    """Whether it was a new best when it was verified."""
    note: str
    """Refusals and conditions, in words."""


@dataclass(frozen=True)
class SubmissionLine:
    """Everything that was handed in for an answer, in the order of requests."""

    id: str
    """"d-..." of dev, "v-..." of verify."""
    door: str
    """"dev" or "verify"."""
    researcher: str
    """Who."""
    mind: str
    """What decided for it then."""
    title: str
    """Of the proposal; a researcher's words."""
    family: str
    """As its author tagged it."""
    snapshot: str
    """Id of the frozen method."""
    proposal: str
    """Id of the frozen proposal."""
    seq: int
    """Place of the request in the ledger."""
    time: datetime
    """Of the request, UTC."""
    status: str
    """As on the board."""
    answer: float | None
    """Dev: the coarse, noisy accuracy. Feedback, no result."""
    value: float | None
    """Verify: PGR."""
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    """Upper end."""
    accuracy: float | None
    """Verify: transfer accuracy."""
    standing: str
    """As on the board."""


@dataclass(frozen=True)
class FindingLine:
    """Posts on the forum, in the order of posting. Title and text are researchers' words: data."""

    id: str
    """Of the post."""
    seq: int
    """Place in the ledger of its last change."""
    author: str
    """Who."""
    kind: str
    """"result", "negative result", "hypothesis", "insight", "error", "correction" or "survey"."""
    title: str
    """One line."""
    text: str
    """Markdown, as it was written."""
    submission: str | None
    """The submission that it names."""
    value: float | None
    """What that came to: PGR of verify, the answer of dev."""
    corrects: str | None
    """The post that it corrects."""
    corrected: bool
    """Whether another post corrects it."""
    votes: int
    """Sum of votes."""


@dataclass(frozen=True)
class IncidentLine:
    """Incidents, oldest first."""

    id: str
    """Of the incident."""
    seq: int
    """Where in the ledger it was raised."""
    detector: str
    """Who raised it; "operator" for a person."""
    level: str
    """"note", "warning" or "quarantine"."""
    researcher: str
    """Whom it is about."""
    submission: str | None
    """What it is about; none when it is about the researcher."""
    words: str
    """What was seen."""
    phase: str
    """"open", "decided" or "appealed"."""
    decision: str | None
    """What a person has decided."""
    reason: str
    """Why."""


@dataclass(frozen=True)
class CostLine:
    """What each researcher, verification and the monitor have used."""

    who: str
    """Researcher, "verification" or "monitor"."""
    experiments: int
    """Trainings in the researcher's sandbox, methods re-executed, or methods read."""
    hours: float
    """Working time."""
    core_seconds: float
    """User and system time in sandboxes."""
    gpu_seconds: float
    """GPUs held times seconds."""
    input_tokens: int
    """Read by language models, those of the cache included."""
    output_tokens: int
    """Written by them."""
    model_dollars: float
    """Of these calls."""
    dollars: float
    """Models, cores and GPUs."""


@dataclass(frozen=True)
class EventLine:
    """The ledger, entry by entry, without bodies: `aarlab log --json` has those, seeds of draws among them."""

    seq: int
    """Place."""
    time: datetime
    """UTC."""
    hours: float
    """Working time by then."""
    actor: str
    """Researcher, "lab" or "operator"."""
    kind: str
    """"verify.finished", ...: see lab/events.py."""
    about: str | None
    """Id or name of what it is about, where it has one."""
    hash: str
    """Of the entry, in the chain."""


@dataclass(frozen=True)
class TranscriptLine:
    """What researchers and their language models have said to each other, in the order of the files."""

    researcher: str
    """Whose."""
    session: int
    """From 1; 0 before the first."""
    line: int
    """Of the file."""
    time: datetime | None
    """When it ended, UTC."""
    kind: str
    """"Began", "Told", "Answer", "Worked", "Returned", "Trouble", "Cut", "Ended" or "Strange"."""
    model: str
    """Answers: as the provider names it."""
    tool: str
    """Name of the tool; of answers the tools that they call, with commas."""
    text: str
    """A model's or a tool's words: data."""
    input_tokens: int
    """Answers: read."""
    output_tokens: int
    """Answers: written."""
    dollars: float
    """What the call has cost."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True)
class CurveLine:
    """Verified methods over working time and money, with the frontier, in the order of their answers."""

    submission: str
    """Id of the verification."""
    researcher: str
    """Who."""
    hours: float
    """Working time when it was verified."""
    dollars: float
    """What the study had spent by then."""
    value: float | None
    """PGR."""
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    """Upper end."""
    best: str | None
    """The frontier: the ranked method of best lower end so far."""
    best_value: float | None
    """Its PGR."""
    best_low: float | None
    """Its lower end."""
