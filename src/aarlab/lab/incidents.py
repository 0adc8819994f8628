"""The desk for incidents: raised by detectors or the operator, answered by the researcher, decided by a person."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from aarlab.canonical import digest_json
from aarlab.errors import ResearcherError, UserError
from aarlab.integrity.case import Suspicion
from aarlab.lab.events import Kind
from aarlab.lab.ledger import Book, Ledger
from aarlab.lab.office import fresh, request_meta
from aarlab.lab.records import IncidentRecord
from aarlab.lab.state import State
from aarlab.lab.texts import check_text
from aarlab.settings import LimitSettings
from aarlab.wire import Answer, AnswerRequest, DecisionRequest, Evidence, Incident, RaiseRequest

OPERATOR = "operator"
"""Stands for a detector where a person has raised an incident."""
_DIGITS = 6
_QUOTES, _QUOTE = 5, 200


class Incidents:
    """Everything about incidents is in the ledger. A decision can be replaced by a later one, never taken out."""

    def __init__(self, ledger: Ledger, *, limits: LimitSettings) -> None:
        """Shares the ledger with the other desks."""
        self._ledger = ledger
        self._limits = limits

    def suspect(self, researcher: str, suspicion: Suspicion) -> None:
        """Raises an incident about a researcher, not about one piece of work. The same one is raised once."""
        with self._ledger.open() as book:
            if researcher in book.state.researchers:
                write_suspicions(book, [suspicion], researcher=researcher, submission=None)

    def raise_(self, request: RaiseRequest, *, id: str | None = None) -> str:
        """Id of an incident that the operator raises. Raises UserError on an unknown submission."""
        check_text(request.words, "what was seen", limits=self._limits, required=True, lines=1)
        with self._ledger.open() as book:
            record = book.state.submissions.get(request.submission)
            if record is None:
                raise UserError(f"there is no submission {request.submission!r}; `aarlab board` has them")
            suspicion = Suspicion(OPERATOR, "quarantine", request.words)
            name = _id(suspicion, record.researcher, record.id)
            if fresh(book, id) and name not in book.state.incidents:
                body = _body(name, suspicion, researcher=record.researcher, submission=record.id)
                entries = [record.seq, book.state.seq]
                book.write(Kind.INCIDENT_RAISED, OPERATOR, body, entries=entries, **request_meta(id))
        return name

    def decide(self, incident: str, request: DecisionRequest, *, id: str | None = None) -> None:
        """A person's decision. Raises UserError on an unknown incident, or one that is about no submission."""
        check_text(request.reason, "the reason", limits=self._limits, required=True)
        with self._ledger.open() as book:
            record = book.state.incidents.get(incident)
            if record is None:
                raise UserError(f"there is no incident {incident!r}; `aarlab incidents` has them")
            if fresh(book, id):
                undone = request.decision == "valid" and record.decision not in (None, "valid")
                kind = Kind.INCIDENT_REINSTATED if undone else Kind.INCIDENT_DECIDED
                book.write(kind, OPERATOR, {"id": incident, **request.model_dump()}, **request_meta(id))

    def answer(self, name: str, incident: str, request: AnswerRequest) -> None:
        """One reply, and one appeal after a decision, by whom it is about. Raises ResearcherError."""
        check_text(request.text, "the answer", limits=self._limits, required=True)
        with self._ledger.open() as book:
            record = book.state.incidents.get(incident)
            if record is None or record.researcher != name:
                raise ResearcherError(f"there is no incident {incident[:64]!r} about you", code="unknown")
            if not any((a.text, a.appeal) == (request.text, request.appeal) for a in record.answers):
                _check_answer(record, request)
                book.write(Kind.INCIDENT_ANSWERED, name, {"id": incident, **request.model_dump()})

    def of(self, name: str) -> tuple[Incident, ...]:
        """Incidents that hold a researcher's work or were decided, oldest first, without evidence.

        Notes and warnings are the operator's until then: they would tell where the lab looks.
        """
        with self._ledger.open() as book:
            told = [r for r in book.state.incidents.values() if r.level == "quarantine" or r.decision is not None]
            return tuple(incident(record) for record in told if record.researcher == name)

    def all(self) -> tuple[Evidence, ...]:
        """All incidents with their evidence, for the operator."""
        with self._ledger.open() as book:
            return evidence(book.state)


def write_suspicions(
    book: Book, suspicions: Iterable[Suspicion], *, researcher: str, submission: str | None, actor: str = "lab"
) -> None:
    """Raises one incident for each suspicion that was not raised before."""
    first = book.state.submissions[submission].seq if submission else 1
    for suspicion in suspicions:
        name = _id(suspicion, researcher, submission)
        if name not in book.state.incidents:
            body = _body(name, suspicion, researcher=researcher, submission=submission)
            book.write(Kind.INCIDENT_RAISED, actor, body, entries=[first, book.state.seq])


def incident(record: IncidentRecord) -> Incident:
    """What the researcher whom it is about may see."""
    return Incident(**_public(record))


def evidence(state: State) -> tuple[Evidence, ...]:
    """All incidents, oldest first, with their evidence."""
    return tuple(
        Evidence(
            **_public(record),
            statistic=dict(record.statistic),
            quotes=record.quotes,
            others=record.others,
            entries=record.entries,
        )
        for record in state.incidents.values()
    )


def _public(record: IncidentRecord) -> dict[str, Any]:
    names = ("id", "detector", "level", "researcher", "submission", "words", "phase", "decision", "reason", "by")
    answers = tuple(Answer(text=a.text, appeal=a.appeal, seq=a.seq) for a in record.answers)
    return {name: getattr(record, name) for name in names} | {"answers": answers}


def _check_answer(record: IncidentRecord, request: AnswerRequest) -> None:
    if request.appeal and record.decision in (None, "valid"):
        raise ResearcherError("there is no decision against you to appeal against")
    if any(answer.appeal == request.appeal for answer in record.answers):
        raise ResearcherError(f"you have {'appealed' if request.appeal else 'replied'} already; once is heard")


def _id(suspicion: Suspicion, researcher: str, submission: str | None) -> str:
    about: list[Any] = [suspicion.detector, researcher, submission]
    if submission is None or suspicion.detector == OPERATOR:
        about += [suspicion.words, _plain(suspicion.statistic)]
    return "i-" + digest_json(about)[:16]


def _body(name: str, suspicion: Suspicion, *, researcher: str, submission: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "detector": suspicion.detector,
        "level": suspicion.level,
        "researcher": researcher,
        "submission": submission,
        "words": suspicion.words,
        "statistic": _plain(suspicion.statistic),
        "quotes": [_clean(quote) for quote in suspicion.quotes[:_QUOTES]],
        "others": list(suspicion.others),
    }


def _plain(statistic: Mapping[str, float | int | str]) -> dict[str, Any]:
    """Plain JSON, rounded: the last bits of a sum differ between linear algebra libraries."""
    return {name: _rounded(value) for name, value in statistic.items()}


def _rounded(value: float | int | str) -> float | int | str:
    if isinstance(value, str | int):
        return value
    return round(float(value), _DIGITS) if math.isfinite(value) else str(value)


def _clean(quote: str) -> str:
    return quote[:_QUOTE].encode(errors="replace").decode()
