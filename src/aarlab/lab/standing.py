"""What incidents do to a submission. An automatic rule can only hold a row back; what follows a person decides."""

from aarlab.lab.ladder import Rung
from aarlab.lab.records import IncidentRecord, SubmissionRecord
from aarlab.lab.state import State
from aarlab.wire import Standing

RANKS: frozenset[Standing] = frozenset({"", "listed apart"})
"""With these a row has a rank."""


def incidents_of(state: State, submission: str) -> tuple[IncidentRecord, ...]:
    """All incidents about a submission, oldest first; also those about its researcher that were raised before it."""
    own = state.submissions[submission]

    def concerns(record: IncidentRecord) -> bool:
        if record.submission is not None:
            return record.submission == submission
        return record.researcher == own.researcher and record.seq < own.seq

    return tuple(record for record in state.incidents.values() if concerns(record))


def standing(state: State, submission: str) -> Standing:
    """The worst that its incidents have come to."""
    found = incidents_of(state, submission)
    decisions = {record.decision for record in found}
    if "disqualified" in decisions:
        return "disqualified"
    if unread(state, state.submissions[submission]):
        return "under review"
    if any(record.decision is None and record.level == "quarantine" for record in found):
        return "under review"
    return "listed apart" if "listed apart" in decisions else ""


def unread(state: State, record: SubmissionRecord) -> bool:
    """Whether the study has a monitor, and it has not read this verified method yet."""
    wanted = record.door == "verify" and record.status == "ok" and bool(state.settings().integrity.monitor)
    return wanted and record.id not in state.reviewed


def why(state: State, submission: str) -> str:
    """The same in words that everybody may read; "" where there is nothing to say."""
    word = standing(state, submission)
    if not word:
        return ""
    if word == "under review" and unread(state, state.submissions[submission]):
        return "under review: the monitor has not read it yet"
    if word == "under review":
        held = [r for r in incidents_of(state, submission) if r.decision is None and r.level == "quarantine"]
        return f"under review by the operator: {' '.join(record.words for record in held)}"
    record = next(r for r in incidents_of(state, submission) if r.decision == word)
    appeal = " (appealed)" if record.appealed else ""
    return f"{word} by {record.by}{appeal}: {record.reason}"


def apart(state: State, record: SubmissionRecord) -> str:
    """Why a row has ranks of its own: what the controls say, or what a person has decided; "" if nothing."""
    return record.apart or ("listed apart by the operator" if standing(state, record.id) == "listed apart" else "")


def ladder_stands_at(state: State) -> Rung | None:
    """The rung that a new best must beat: the latest one whose submission still stands, at first the baseline."""
    standing_ones = [rung for name, rung in state.rungs if name is None or standing(state, name) == ""]
    return standing_ones[-1] if standing_ones else None
