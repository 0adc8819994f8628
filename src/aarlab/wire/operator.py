"""The operator's door: what is asked and answered there."""

from typing import Any, Literal

from pydantic import Field

from aarlab.wire.answers import Board, BoardRow, Budgets
from aarlab.wire.base import ProtocolName, Standing, Status, Wire
from aarlab.wire.usage import ModelUse


class ResearcherRequest(Wire):
    """POST /operator/researchers: admits a researcher and opens its socket; idempotent."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    mind: str
    direction: str
    family: str = "any"


class UsageRequest(Wire):
    """POST /operator/usage: what a researcher has used since the last report, and what it is about to use."""

    researcher: str
    experiments: int
    cpu_seconds: float
    wall_seconds: float
    gpu_seconds: float = 0.0
    """Number of GPUs that its sandbox held times the seconds for which it held them."""
    model_dollars: float = 0.0
    """Calls of its language models, at their price."""
    models: dict[str, ModelUse] = Field(default_factory=dict)
    """The same calls by model: their number, tokens and dollars."""
    hold: float = 0.0
    """Dollars to be set aside for what it does next, in place of what was set aside before."""


class Held(Wire):
    """The answer to it."""

    dollars: float
    """What is set aside for this researcher now: what it asked for, or less where the team has less."""


class SealRequest(Wire):
    """POST /operator/seals: what a researcher's transcript is so far, so that nobody can change it unseen."""

    researcher: str
    bytes: int = Field(ge=0)
    """Of the file, from its beginning."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of these bytes."""


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


class ReplaceRequest(Wire):
    """POST /operator/minds: another mind for one researcher of the fleet, with its name, notes and workspace."""

    researcher: str
    minds: dict[str, Any]
    """All fields of [minds]. No key is among them."""


class SessionRequest(Wire):
    """POST /operator/sessions: working time begins ("start") or ends ("end")."""

    action: Literal["start", "end"]
    reason: str = ""
    host: dict[str, Any] = Field(default_factory=dict)
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
    """What decides, in words: "search", "llm" with its model, "human"."""
    replaced: int = 0
    """How often it was given another mind."""
    minds: dict[str, Any] | None = None
    """The settings of the last one that replaced its mind; None = as in the study file."""
    direction: str
    control: Literal["run", "pause", "stop"]
    reason: str = ""
    """Why the operator, or the watchdog, has set `control`."""
    experiments: int
    cpu_seconds: float
    gpu_seconds: float = 0.0
    """As in UsageRequest."""
    model_dollars: float = 0.0
    """Calls of its language models, at their price."""
    models: dict[str, ModelUse] = Field(default_factory=dict)
    """The same calls by model."""
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


class Measured(Wire):
    """What a row took and how its runs went. For the operator: a researcher could read hidden facts out of times."""

    seconds: float
    """Wall time from the beginning of its computation to its end."""
    core_seconds: float
    """User and system time in sandboxes."""
    accuracies: tuple[float, ...]
    """On hidden items, of each real run in the order of seeds; empty when one failed."""
    runs: int
    """All that were started: real ones and controls."""
    failures: dict[Status, int]
    """How many of them ended with another word than "ok", by word."""


class OperatorRow(BoardRow):
    """A line of the board with what only the operator sees."""

    measured: Measured | None = None
    """None for marks."""
    private: dict[str, Any] = Field(default_factory=dict)
    """What the score has for the operator alone (hidden benchmarks)."""


class OperatorBoard(Board):
    """The board in `aarlab board --json` and in the report."""

    rows: tuple[OperatorRow, ...]
