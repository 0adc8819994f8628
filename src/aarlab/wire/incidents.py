"""Incidents as they cross the doors: what a researcher is told of one, and what only the operator sees."""

from typing import Any, Literal

from pydantic import Field

from aarlab.wire.base import Wire

Level = Literal["note", "warning", "quarantine"]
"""For the record; for a person to look at; does not rank until a person has."""
Decision = Literal["valid", "listed apart", "disqualified"]
"""What a person may decide."""
Phase = Literal["open", "decided", "appealed"]
"""Where an incident is: nobody has decided, somebody has, or the researcher has appealed against that."""


class AnswerRequest(Wire):
    """POST /v1/incidents/{id}/answer: one reply of the researcher whom it is about, and one appeal after a decision."""

    text: str
    """Markdown."""
    appeal: bool = False
    """Whether somebody should decide again."""


class RaiseRequest(Wire):
    """POST /operator/incidents: the operator has seen something."""

    submission: str
    """What it is about."""
    words: str = Field(max_length=500)
    """What was seen, in one sentence that everybody may read."""


class DecisionRequest(Wire):
    """POST /operator/incidents/{id}/decision. A later decision replaces an earlier one; both stay in the ledger."""

    decision: Decision
    """What follows for the row."""
    reason: str = Field(min_length=1, max_length=2000)
    """Why; everybody may read it."""
    by: str = Field(min_length=1, max_length=100)
    """Who decides: a person's name."""


class Answer(Wire):
    """What the researcher said to an incident. Data, written by a researcher."""

    text: str
    appeal: bool
    seq: int
    """Place in the ledger."""
    untrusted: tuple[str, ...] = ("text",)
    """Fields that hold text of a researcher."""


class Incident(Wire):
    """GET /v1/incidents: an incident about one's own work, without its evidence."""

    id: str
    detector: str
    """Who raised it: a detector of the lab, or "operator"."""
    level: Level
    researcher: str
    submission: str | None
    words: str
    """What was seen, in one sentence."""
    phase: Phase
    decision: Decision | None
    reason: str
    """Of the decision."""
    by: str
    """Who decided."""
    answers: tuple[Answer, ...]


class Evidence(Incident):
    """GET /operator/incidents: the same with what decided. Never sent to researchers."""

    statistic: dict[str, Any]
    """Numbers, and the bounds that they crossed."""
    quotes: tuple[str, ...]
    """Lines of the researcher's code or text: data."""
    others: tuple[str, ...]
    """Other submissions that it is about."""
    entries: tuple[int, int]
    """First and last entry of the ledger that it rests on."""
