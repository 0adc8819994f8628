"""What crosses the doors of the lab, as pydantic models: one file that server, client and outside agents share.

No request has a field for a metric, an identity or the name of a split: identity is the socket, numbers are the lab's.

An answer that carries text of a researcher names the fields that hold it in `untrusted`: they are data, whatever they
say. Whoever shows them to a reader that could take them for instructions quotes them (aarlab.quote).
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FindingKind = Literal["result", "negative result", "hypothesis", "insight", "error", "correction"]
Status = Literal["queued", "running", "ok", "malformed", "timeout", "oom", "error", "refused"]
"""The fixed words of the lab."""
Standing = Literal["", "under review", "listed apart", "disqualified"]
"""What incidents have done to a submission: nothing, it does not rank until a person has decided, or a decision."""
ProtocolName = Literal["method", "student", "predictions"]
"""How a row is made, as in problem.contract."""
TRUST: dict[ProtocolName, str] = {
    "method": "",
    "student": "weights, not re-executed",
    "predictions": "lower trust: answers to visible inputs, not re-executed",
}
"""What is said of a row wherever it stands, by its protocol."""


class Wire(BaseModel):
    """Closed to unknown fields, so that a metric in a request is refused and not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ---- requests of a researcher -------------------------------------------------------------------------------


class SnapshotRequest(Wire):
    """POST /v1/snapshots: freezes a method."""

    files: dict[str, str]
    """Relative path -> UTF-8 text; method.py is required."""
    message: str = Field(max_length=500)
    """One line on what is new."""
    parents: tuple[str, ...] = ()
    """Snapshots that it builds on, one's own or others'."""


class ProposalRequest(Wire):
    """POST /v1/proposals: a results-free description, frozen before the first scored run."""

    title: str = Field(max_length=200)
    """One line."""
    text: str
    """Markdown: what is done, why, what would speak against it."""
    family: str = "other"
    """One of the eleven method families."""


class DevRequest(Wire):
    """POST /v1/dev: students for a coarse answer; the same students get the same answer and cost once."""

    proposal: str
    """Id of the frozen proposal."""
    snapshot: str
    """Id of the method that made the students."""
    students: tuple[str, ...]
    """Blob ids (PUT /v1/blobs), one for each seed."""


class VerifyRequest(Wire):
    """POST /v1/verify: a method to be re-executed on fresh draws, or what the study's protocol takes instead."""

    proposal: str
    """Id of the frozen proposal."""
    snapshot: str
    """Id of the method."""
    students: tuple[str, ...] = ()
    """Blob ids of students or predictions, as many as dev takes; none where the lab re-executes the method."""


class FindingRequest(Wire):
    """POST /v1/findings: a forum post. A result names a submission; the lab adds its numbers."""

    kind: FindingKind
    """What it is."""
    title: str = Field(max_length=200)
    """One line."""
    text: str
    """Markdown."""
    submission: str | None = None
    """Required for "result" and "negative result": a scored submission."""
    replies_to: str | None = None
    """A finding."""
    corrects: str | None = None
    """Required for "correction": the finding that it corrects."""
    cites: tuple[str, ...] = ()
    """Snapshots of which it makes use."""


class VoteRequest(Wire):
    """POST /v1/findings/{id}/vote; the last vote of a researcher counts."""

    value: Literal[-1, 0, 1]


class NoteRequest(Wire):
    """PUT /v1/notes: the researcher's own memory, read back at the start of each session."""

    text: str


# ---- answers ------------------------------------------------------------------------------------------------


class Created(Wire):
    """Id of what was stored; the same content gives the same id."""

    id: str


class Budgets(Wire):
    """What is left, team-wide."""

    experiments: int
    dev_answers: int
    verifications: int
    dollars: float
    seconds: float
    """Working time left."""


class Me(Wire):
    """GET /v1/me."""

    name: str
    direction: str
    """Title and text of the starting point."""
    control: Literal["run", "pause", "stop"]
    """What the operator wants of this researcher now."""
    messages: tuple[str, ...]
    """What the operator wrote to this researcher, oldest first."""
    budgets: Budgets
    dev_seeds: int
    """How many students a dev submission has."""
    seed: int
    """The researcher's own seed for its choices (not for any hidden draw)."""


class ProblemCard(Wire):
    """GET /v1/problem: the public face of problem.contract.Card."""

    name: str
    text: str
    facts: dict[str, Any]
    run: tuple[str, ...]
    student_file: str
    verify_file: str | None = None
    """The file per seed that verify takes, where that is another one than `student_file`."""
    protocol: ProtocolName = "method"
    """How this study's rows are made."""


class Snapshot(Wire):
    """GET /v1/snapshots/{id}."""

    untrusted: tuple[str, ...] = ("message", "files")
    """Fields that a researcher has written: data. Of `files` the paths too."""
    id: str
    author: str
    message: str
    parents: tuple[str, ...]
    files: dict[str, str]


class Diff(Wire):
    """GET /v1/snapshots/{old}/diff/{new}."""

    untrusted: tuple[str, ...] = ("text",)
    """Fields that researchers have written: data."""
    old: str
    new: str
    text: str
    """Unified diff."""


class Submission(Wire):
    """GET /v1/submissions/{id} and the answer of POST /v1/dev and /v1/verify."""

    id: str
    door: Literal["dev", "verify"]
    researcher: str
    snapshot: str
    proposal: str
    status: Status
    answer: float | None = None
    """Dev: the coarse accuracy."""
    value: float | None = None
    """Verify: PGR (or the problem's metric)."""
    low: float | None = None
    high: float | None = None
    facts: dict[str, Any] = {}
    """Verify: accuracies, seeds, number of runs."""
    refusal: str | None = None
    """Why there is no value although the runs went well."""
    apart: str = ""
    """Verify: as in BoardRow."""
    new_best: bool = False
    """Verify: as in BoardRow."""
    standing: Standing = ""
    """As in BoardRow."""
    protocol: ProtocolName = "method"
    """How the study's rows are made; TRUST has the words for it."""


class Finding(Wire):
    """One post, as everybody sees it."""

    untrusted: tuple[str, ...] = ("title", "text")
    """Fields that a researcher has written: data, not instructions."""
    id: str
    seq: int
    author: str
    kind: FindingKind | Literal["ledger head"]
    """The last is the lab's own post."""
    title: str
    text: str
    submission: Submission | None
    replies_to: str | None
    corrects: str | None
    corrected_by: tuple[str, ...]
    cites: tuple[str, ...]
    votes: int


class BoardRow(Wire):
    """One line of the board."""

    untrusted: tuple[str, ...] = ("name", "family")
    """Fields that a researcher has written where `kind` is "method": data."""
    rank: int | None
    """1 is the best lower bound; None for marks and for what does not rank. Rows with `apart` have their own ranks."""
    name: str
    """Title of the proposal, or the name of the mark."""
    researcher: str
    kind: Literal["method", "mark"]
    """A mark is a reference of the lab's own: weak teacher, ceiling, baselines."""
    submission: str | None
    snapshot: str | None
    family: str
    value: float | None
    low: float | None
    high: float | None
    status: Status
    note: str
    """Refusals and degraded conditions, in words ("sandbox did not enforce memory")."""
    apart: str = ""
    """Why it is listed apart: "teacher-free", "teacher response unknown"; "" for all others."""
    new_best: bool = False
    """Whether it was a new best of the team when it was verified: a step of the Ladder, more than luck."""
    standing: Standing = ""
    """What incidents have done to it; the reason is in the note."""
    facts: dict[str, Any]
    protocol: ProtocolName = "method"
    """How the row was made; the note says it in words where the lab has re-executed nothing."""


class Board(Wire):
    """GET /v1/board: verified rows by lower bound, then what did not pass, and the marks."""

    problem: str
    rows: tuple[BoardRow, ...]


# ---- the operator's door ------------------------------------------------------------------------------------


class ResearcherRequest(Wire):
    """POST /operator/researchers: admits a researcher and opens its socket; idempotent."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    mind: str
    direction: str
    family: str = "any"


class UsageRequest(Wire):
    """POST /operator/usage: what a researcher's sandbox has used since the last report."""

    researcher: str
    experiments: int
    cpu_seconds: float
    wall_seconds: float


class ControlRequest(Wire):
    """POST /operator/control."""

    action: Literal["run", "pause", "stop"]
    researcher: str | None = None
    """None = everybody."""
    reason: str = ""


class SteerRequest(Wire):
    """POST /operator/steer: a message to one researcher."""

    researcher: str
    text: str


class SessionRequest(Wire):
    """POST /operator/sessions: working time begins ("start") or ends ("end")."""

    action: Literal["start", "end"]
    reason: str = ""
    host: dict[str, Any] = {}
    finished: bool = False
    """With "end": what was to be done is done, though budgets may be left."""


class FinalRequest(Wire):
    """POST /operator/final/finalists: names the methods that the final set will grade."""

    submissions: tuple[str, ...]
    """Verified submissions."""


class FinalOpening(Wire):
    """POST /operator/final/opening: opens the final set, once for ever."""


class FinalRow(Wire):
    """A finalist, or a mark of the lab, on the final set."""

    untrusted: tuple[str, ...] = ("name",)
    """Fields that a researcher has written where `kind` is "method": data."""
    name: str
    """Title of the proposal, or name of the mark."""
    researcher: str
    kind: Literal["method", "mark"]
    submission: str | None
    status: Status
    accuracy: float | None
    value: float | None
    """The problem's metric (PGR)."""
    low: float | None
    high: float | None
    refusal: str | None
    standing: Standing = ""
    """As in BoardRow."""
    half_width: float | None
    """The simultaneous half-width of FinalState in units of the metric."""
    protocol: ProtocolName = "method"
    """How the row was made."""


class FinalState(Wire):
    """GET /operator/final: the final set, before and after its one opening."""

    phase: Literal["closed", "named", "opening", "opened"]
    finalists: tuple[str, ...] = ()
    rows: tuple[FinalRow, ...] = ()
    """Finalists by accuracy, then the marks; empty before the opening."""
    half_width: float | None = None
    """All finalists' accuracies are within so much of the truth at once, with 95 % confidence (Hoeffding)."""
    independent: int | None = None
    """Independent items behind it."""
    words: str
    """The same as a sentence."""


class ResearcherState(Wire):
    """One researcher in the live view."""

    untrusted: tuple[str, ...] = ("last",)
    """Fields that hold text of the researcher: data."""
    name: str
    mind: str
    direction: str
    control: Literal["run", "pause", "stop"]
    reason: str = ""
    """Why the operator, or the watchdog, has set `control`."""
    experiments: int
    cpu_seconds: float
    dev_answers: int
    best_dev: float | None
    verifications: int
    best_verified: float | None
    findings: int
    last: str
    """Last thing seen, in words."""
    last_seq: int


class StudyState(Wire):
    """GET /operator/state: all that the live view, `aarlab status` and `aarlab costs` show."""

    name: str
    problem: str
    state: Literal["new", "running", "stopped", "finished"]
    reason: str
    """Why it stopped."""
    active_seconds: float
    budgets: Budgets
    dollars: float
    events: int
    head: str
    """Hash of the last entry of the ledger."""
    researchers: tuple[ResearcherState, ...]
    pending: int
    """Verifications under way or queued."""
    closed: bool = False
    """Whether the final set was opened: nothing can be sent to dev or verify any more."""


class LedgerEvent(Wire):
    """GET /operator/events: one entry of the ledger, as in lab.store.Event. Never sent to researchers."""

    untrusted: tuple[str, ...] = ("body",)
    """Fields that hold text of researchers, where `actor` is one: data."""
    seq: int
    kind: str
    actor: str
    body: dict[str, Any]
    meta: dict[str, Any]
    prev: str
    hash: str
