"""Entries put together: sessions, turns with their work, and what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from aarlab.report.transcripts.entries import (
    Answer,
    Began,
    Call,
    Entry,
    Returned,
    Strange,
    Tokens,
    Trouble,
    Worked,
    is_tool,
)

_FOREIGN = 3
_START = 1000
"""Characters by which a result that was cut is known again."""


@dataclass(frozen=True)
class Work:
    """One call of a tool from its wish to its result."""

    call: Call
    """The wish."""
    worked: Worked | None
    """Its result in full, and how long it took; None where nothing tells."""
    returned: Returned | None
    """What the model was told; None where the study ended before."""


@dataclass(frozen=True)
class Turn:
    """One answer with the work that it led to."""

    answer: Answer
    """The answer."""
    work: tuple[Work, ...]
    """In the order of its calls."""


@dataclass(frozen=True)
class Sum:
    """What a transcript, or a part of it, adds up to."""

    sessions: int
    """Begun."""
    answers: int
    """Of the model."""
    calls: int
    """Of tools."""
    troubles: int
    """Failed calls of the model."""
    tokens: Tokens
    """All together."""
    dollars: float
    """Failed calls included."""
    model_seconds: float
    """Waiting for the model."""
    tool_seconds: float
    """Working with tools."""
    damaged: int
    """Lines that cannot be read."""
    first: datetime | None
    """Time of the first entry."""
    last: datetime | None
    """Time of the last."""


def by_session(entries: Sequence[Entry]) -> dict[int, list[Entry]]:
    """Entries by the number of their session."""
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.session, []).append(entry)
    return found


def turns(entries: Sequence[Entry]) -> list[Turn]:
    """Answers with their work, in order. Parallel calls end in any order: a result goes to the call that it fits."""
    starts = [place for place, entry in enumerate(entries) if isinstance(entry, Answer | Began)]
    found = []
    for start, end in pairwise([*starts, len(entries)]):
        answer = entries[start]
        if isinstance(answer, Answer):
            found.append(Turn(answer, _work(answer, entries[start + 1 : end])))
    return found


def add_up(entries: Sequence[Entry]) -> Sum:
    """What entries add up to."""
    answers = [entry for entry in entries if isinstance(entry, Answer)]
    troubles = [entry for entry in entries if isinstance(entry, Trouble)]
    asked: list[Answer | Trouble] = [*answers, *troubles]
    times = [entry.time for entry in entries if entry.time is not None]
    return Sum(
        sessions=sum(isinstance(entry, Began) for entry in entries),
        answers=len(answers),
        calls=sum(len(answer.calls) for answer in answers),
        troubles=len(troubles),
        tokens=total([answer.tokens for answer in answers]),
        dollars=sum(entry.dollars for entry in asked),
        model_seconds=sum(entry.seconds for entry in asked),
        tool_seconds=sum(entry.seconds for entry in entries if isinstance(entry, Worked)),
        damaged=sum(isinstance(entry, Strange) and not entry.kind for entry in entries),
        first=min(times, default=None),
        last=max(times, default=None),
    )


def total(tokens: Sequence[Tokens]) -> Tokens:
    """The sum of tokens."""
    return Tokens(
        sum(one.input for one in tokens),
        sum(one.output for one in tokens),
        sum(one.cache_read for one in tokens),
        sum(one.cache_write for one in tokens),
    )


def _work(answer: Answer, after: Sequence[Entry]) -> tuple[Work, ...]:
    told = [entry for entry in after if isinstance(entry, Returned)]
    worked = [entry for entry in after if isinstance(entry, Worked)]
    found = []
    for call in answer.calls:
        returned = next((entry for entry in told if entry.call == call.id), None)
        best = min(worked, key=lambda entry: _distance(entry, call, returned), default=None)
        if best is not None and _distance(best, call, returned) < _FOREIGN:
            worked.remove(best)
        else:
            best = None
        found.append(Work(call, best, returned))
    return tuple(found)


def _distance(worked: Worked, call: Call, returned: Returned | None) -> int:
    """How little a result fits a call, from 0 to _FOREIGN."""
    if worked.call:
        return 0 if worked.call == call.id else _FOREIGN
    if not is_tool(call.tool, worked.tool):
        return _FOREIGN
    return 1 if returned is not None and worked.text[:_START] == returned.text[:_START] else 2
