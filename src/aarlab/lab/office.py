"""The operator's desk: who takes part, what was used, who runs, when working time begins and ends."""

import math

from aarlab.errors import UserError
from aarlab.lab.events import Kind
from aarlab.lab.ledger import Book, Ledger
from aarlab.lab.records import Researcher
from aarlab.wire import ControlRequest, ResearcherRequest, SealRequest, SessionRequest, SteerRequest, UsageRequest

RESERVED = frozenset({"lab", "operator", "data", "verify"})
"""Names that stand for something else in the ledger or in the study's folders."""
_AMOUNTS = ("experiments", "cpu_seconds", "wall_seconds", "model_dollars")
MOST = 128
"""Researchers of one study; host uids are reserved for so many."""


class Office:
    """Carries out what the operator asks. A request with an id that was carried out before changes nothing."""

    def __init__(self, ledger: Ledger) -> None:
        """Shares the ledger with the researchers' desks."""
        self._ledger = ledger

    def admit(self, request: ResearcherRequest) -> Researcher:
        """The researcher's record, the same for the same request. Raises UserError on another of that name."""
        with self._ledger.open() as book:
            known = book.state.researchers.get(request.name)
            if known is None:
                known = self._new(book, request)
        if (known.mind, known.direction, known.family) != (request.mind, request.direction, request.family):
            raise UserError(f"{request.name} takes part already, with another mind, direction or family")
        return known

    def report_usage(self, request: UsageRequest, *, id: str | None = None) -> None:
        """Adds to what a researcher has used. Raises UserError on what cannot be an amount."""
        amounts = {name: getattr(request, name) for name in _AMOUNTS}
        if not all(math.isfinite(amount) and amount >= 0 for amount in amounts.values()):
            raise UserError("amounts used are finite and not negative")
        with self._ledger.open() as book:
            if fresh(book, id):
                _require(book, request.researcher)
                body = {"researcher": request.researcher}
                book.write(Kind.USAGE_REPORTED, "operator", body, **amounts, **request_meta(id))

    def seal(self, request: SealRequest, *, id: str | None = None) -> None:
        """Notes what a transcript is so far."""
        with self._ledger.open() as book:
            if fresh(book, id):
                _require(book, request.researcher)
                stamp = {"bytes": request.bytes, "sha256": request.sha256}
                body = {"researcher": request.researcher}
                book.write(Kind.TRANSCRIPT_SEALED, "operator", body, **stamp, **request_meta(id))

    def control(self, request: ControlRequest, *, id: str | None = None) -> None:
        """Runs, pauses or stops one researcher or all."""
        with self._ledger.open() as book:
            if fresh(book, id):
                if request.researcher is not None:
                    _require(book, request.researcher)
                book.write(Kind.CONTROL_SET, "operator", request.model_dump(), **request_meta(id))

    def steer(self, request: SteerRequest, *, id: str | None = None) -> None:
        """Sends a message to one researcher."""
        with self._ledger.open() as book:
            if fresh(book, id):
                _require(book, request.researcher)
                book.write(Kind.STEER_SENT, "operator", request.model_dump(), **request_meta(id))

    def session(self, request: SessionRequest, *, id: str | None = None) -> None:
        """Working time begins or ends. A new start closes a session that has lost its end."""
        with self._ledger.open() as book:
            if not fresh(book, id):
                return
            meta = {"reason": request.reason, "host": request.host, "finished": request.finished, **request_meta(id)}
            if request.action == "start":
                book.write(Kind.SESSION_STARTED, "operator", {}, **meta)
            elif book.state.clock.open:
                book.write(Kind.SESSION_ENDED, "operator", {}, **meta)

    def _new(self, book: Book, request: ResearcherRequest) -> Researcher:
        index = len(book.state.researchers)
        if request.name in RESERVED:
            raise UserError(f"{request.name!r} stands for something else; choose another name")
        if index >= MOST:
            raise UserError(f"a study has at most {MOST} researchers")
        book.write(Kind.RESEARCHER_ADMITTED, "operator", {**request.model_dump(), "index": index})
        return book.state.researchers[request.name]


def _require(book: Book, name: str) -> None:
    if name not in book.state.researchers:
        raise UserError(
            f"there is no researcher {name!r}; there are: {', '.join(book.state.researchers) or 'none yet'}"
        )


def fresh(book: Book, request: str | None) -> bool:
    """Whether an operator's request was not carried out before."""
    return request is None or request not in book.state.requests


def request_meta(request: str | None) -> dict[str, str]:
    """What in an event's meta remembers the request."""
    return {"request": request} if request else {}
