"""The operator's desk: who takes part, what was used, who runs, when working time begins and ends."""

import math

from aarlab.errors import UserError
from aarlab.lab.budgets import free
from aarlab.lab.events import Kind
from aarlab.lab.ledger import Book, Ledger
from aarlab.lab.records import Researcher
from aarlab.settings import MindSettings
from aarlab.studyfile import validate_table
from aarlab.wire import (
    ControlRequest,
    ReplaceRequest,
    ResearcherRequest,
    SealRequest,
    SessionRequest,
    SteerRequest,
    UsageRequest,
)

RESERVED = frozenset({"lab", "operator", "data", "verify"})
"""Names that stand for something else in the ledger or in the study's folders."""
_AMOUNTS = ("experiments", "cpu_seconds", "wall_seconds", "gpu_seconds", "model_dollars")
HUMAN = "human"
"""The mind of a person, in the ledger and in every list of researchers."""
STEER_CHARACTERS = 4000
"""Of one message to a researcher."""
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

    def report_usage(self, request: UsageRequest, *, id: str | None = None) -> float:
        """Adds to what a researcher has used, and sets aside what it asks for as far as the team's money goes.

        The dollars that are set aside for it now. Raises UserError on what cannot be an amount.
        """
        amounts = {name: getattr(request, name) for name in _AMOUNTS}
        if not all(math.isfinite(amount) and amount >= 0 for amount in (*amounts.values(), request.hold)):
            raise UserError("amounts used are finite and not negative")
        with self._ledger.open() as book:
            if fresh(book, id):
                _require(book, request.researcher)
                models = {name: use.model_dump() for name, use in request.models.items()}
                held = _held(book, request)
                body = {"researcher": request.researcher}
                meta = amounts | {"models": models, "held": held} | request_meta(id)
                book.write(Kind.USAGE_REPORTED, "operator", body, **meta)
            return book.state.researchers[request.researcher].held

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
        """Sends a message to one researcher. Raises UserError on an empty or a very long one."""
        if not 0 < (length := len(request.text.strip())) <= STEER_CHARACTERS:
            raise UserError(f"a message has 1 to {STEER_CHARACTERS} characters, this one has {length}")
        with self._ledger.open() as book:
            if fresh(book, id):
                _require(book, request.researcher)
                book.write(Kind.STEER_SENT, "operator", request.model_dump(), **request_meta(id))

    def replace(self, request: ReplaceRequest, *, id: str | None = None) -> None:
        """Gives one researcher of the fleet another mind. Raises UserError on a person, and on what are no settings."""
        settings = validate_table(MindSettings, request.minds, source=request.researcher, table="minds")
        with self._ledger.open() as book:
            if fresh(book, id):
                _require(book, request.researcher)
                if book.state.researchers[request.researcher].mind == HUMAN:
                    raise UserError(f"{request.researcher} is a person, whose mind is not replaced")
                minds = settings.model_dump(mode="json")
                body = {"researcher": request.researcher, "mind": settings.words, "minds": minds}
                book.write(Kind.MIND_REPLACED, "operator", body, **request_meta(id))

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


def _held(book: Book, request: UsageRequest) -> float:
    """What of the money that it asks for is free once all that it tells has been paid."""
    state, price = book.state, book.state.settings().price
    machine = price.machine(core_seconds=request.cpu_seconds, gpu_seconds=request.gpu_seconds)
    left = free(state, but=request.researcher) - machine - request.model_dollars
    return min(request.hold, max(0.0, left))


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
