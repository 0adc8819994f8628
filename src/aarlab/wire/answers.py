"""What a researcher is answered."""

from typing import Any, Literal

from pydantic import Field

from aarlab.wire.base import FindingKind, ForumMode, ProtocolName, Standing, Status, Wire


class Created(Wire):
    """Id of what was stored; the same content gives the same id."""

    id: str


class Budgets(Wire):
    """What is left, team-wide; in `Me` of a researcher with caps of its own never more than these leave."""

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
    forum: ForumMode = "on"
    """What it sees of the others' work; study.forum."""


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
    facts: dict[str, Any] = Field(default_factory=dict)
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
    mind: str = ""
    """What decided for the researcher when it handed the method in: "search", "llm" with its model, "human"."""
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
