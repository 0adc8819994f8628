"""The board: verified rows by their lower bound, those listed apart, then what did not pass, then the marks."""

from collections.abc import Iterable

from aarlab.lab.records import MarkRecord, SubmissionRecord
from aarlab.lab.standing import RANKS, apart, standing, why
from aarlab.lab.state import State
from aarlab.wire import TRUST, Board, BoardRow


def board(state: State) -> Board:
    """Only finished verifications are on it; a row's name is the title of its proposal, word for word.

    Rows that the controls say owe nothing to the teacher, and those that a person has listed apart, have ranks of their
    own. What is under review or disqualified stays visible, without a rank and with its reason.
    """
    done = [record for record in state.submissions.values() if record.door == "verify" and not record.pending]
    ranked = sorted((r for r in done if _ranks(state, r)), key=lambda record: (-(record.low or 0.0), record.seq))
    rows: list[BoardRow] = []
    for beside in (False, True):
        section = [record for record in ranked if bool(apart(state, record)) == beside]
        rows += [_row(state, record, rank) for rank, record in enumerate(section, start=1)]
    rows += [_row(state, record, None) for record in done if not _ranks(state, record)]
    marks = sorted((state.marks or {}).values(), key=lambda mark: (mark.value is None, -(mark.value or 0.0), mark.name))
    rows += [_mark(mark) for mark in marks]
    return Board(problem=state.problem, rows=tuple(rows))


def _ranks(state: State, record: SubmissionRecord) -> bool:
    return record.ranks and standing(state, record.id) in RANKS


def _row(state: State, record: SubmissionRecord, rank: int | None) -> BoardRow:
    proposal = state.proposals[record.proposal]
    return BoardRow(
        rank=rank,
        name=proposal.title,
        researcher=record.researcher,
        mind=record.mind,
        kind="method",
        submission=record.id,
        snapshot=record.snapshot,
        family=proposal.family,
        value=record.value,
        low=record.low,
        high=record.high,
        status=record.status,
        note=_note(state, record),
        apart=apart(state, record),
        new_best=record.new_best,
        standing=standing(state, record.id),
        facts=dict(record.facts),
        protocol=record.protocol,
    )


def _note(state: State, record: SubmissionRecord) -> str:
    notes = [words for words in (why(state, record.id), TRUST[record.protocol], record.refusal) if words]
    for variant, words in record.controls.items():
        if failed := sum(word != "ok" for word in words):
            notes.append(f"{failed} of {len(words)} runs with the {variant} failed")
    if record.missing:
        notes.append(f"sandbox did not enforce {', '.join(record.missing)}")
    if not record.rankable:
        notes.append("does not rank: it ran where it could have cheated")
    return "; ".join(notes)


def _mark(mark: MarkRecord) -> BoardRow:
    return BoardRow(
        rank=None,
        name=mark.name,
        researcher="lab",
        kind="mark",
        submission=None,
        snapshot=None,
        family="",
        value=mark.value,
        low=mark.low,
        high=mark.high,
        status="ok",
        note=mark.refusal or "",
        facts=dict(mark.facts),
    )


def leader(rows: Iterable[BoardRow]) -> BoardRow | None:
    """The row of rank 1 that is not listed apart; None while nothing ranks."""
    return next((row for row in rows if row.rank == 1 and not row.apart), None)
