"""The operator's door: one router, no logic."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from starlette.concurrency import run_in_threadpool

from aarlab.api.answers import add_handlers
from aarlab.lab.lab import Lab
from aarlab.wire import (
    ControlRequest,
    Created,
    DecisionRequest,
    Evidence,
    FinalOpening,
    FinalRequest,
    FinalState,
    Finding,
    FindingRequest,
    Held,
    LedgerEvent,
    OperatorBoard,
    RaiseRequest,
    ReplaceRequest,
    ResearcherRequest,
    SealRequest,
    SessionRequest,
    SteerRequest,
    StudyState,
    TransferRequest,
    TransferState,
    UsageRequest,
)

Opener = Callable[[str, int], Awaitable[None]]
"""Opens the socket of a researcher with an index."""
PAGE = 1000
"""Most events of one answer."""


def _lab(request: Request) -> Lab:
    lab: Lab = request.app.state.lab
    return lab


Desk = Annotated[Lab, Depends(_lab)]
Id = Annotated[str | None, Header(alias="Idempotency-Key", max_length=64)]
router = APIRouter(prefix="/operator")


def operator_app(lab: Lab, *, open_door: Opener) -> FastAPI:
    """The application behind the operator's socket."""
    app = FastAPI(title="aarlab: the operator's door", docs_url=None, redoc_url=None)
    app.state.lab = lab
    app.state.open_door = open_door
    app.include_router(router)
    add_handlers(app)
    return app


@router.get("/state")
def state(lab: Desk) -> StudyState:
    """The study for the live view."""
    return lab.study()


@router.get("/events")
def events(lab: Desk, after: Annotated[int, Query(ge=0)] = 0) -> list[LedgerEvent]:
    """The next entries of the ledger, a page at a time."""
    return [LedgerEvent(**asdict(event)) for event in islice(lab.ledger.events(after=after), PAGE)]


@router.get("/board")
def board(lab: Desk) -> OperatorBoard:
    """The board, with what only the operator sees."""
    return lab.operator_board()


@router.get("/forum")
def forum(lab: Desk, after: Annotated[int, Query(ge=0)] = 0) -> tuple[Finding, ...]:
    """The forum."""
    return lab.posts(after=after)


@router.post("/findings")
def announce(body: FindingRequest, lab: Desk) -> Created:
    """The operator's own post. The same words are one post, however often they are sent."""
    return Created(id=lab.forum.announce(body))


@router.get("/final")
def final(lab: Desk) -> FinalState:
    """The final set, before and after its opening."""
    return lab.final_set()


@router.post("/final/finalists")
def name_finalists(body: FinalRequest, lab: Desk, key: Id = None) -> FinalState:
    """Names what the final set will grade."""
    lab.final.name(body, id=key)
    return lab.final_set()


@router.post("/final/opening")
def open_final(_: FinalOpening, lab: Desk, key: Id = None) -> FinalState:
    """Has it opened, once; the results come when they are computed."""
    lab.final.open(id=key)
    return lab.final_set()


@router.post("/transfers")
def transfer(body: TransferRequest, lab: Desk, key: Id = None) -> TransferState:
    """Carries a verified method to other domains; the rows come when they are computed."""
    return lab.transfers.request(body, id=key)


@router.get("/transfers/{name}")
def transfer_state(name: str, lab: Desk) -> TransferState:
    """How far such a request is."""
    return lab.transfers.state(name)


@router.get("/incidents")
def incidents(lab: Desk) -> tuple[Evidence, ...]:
    """All incidents with their evidence."""
    return lab.incidents.all()


@router.post("/incidents")
def raise_incident(body: RaiseRequest, lab: Desk, key: Id = None) -> Created:
    """Raises an incident; its submission does not rank until somebody has decided."""
    return Created(id=lab.incidents.raise_(body, id=key))


@router.post("/incidents/{incident}/decision")
def decide(incident: str, body: DecisionRequest, lab: Desk, key: Id = None) -> Created:
    """A person's decision on an incident."""
    lab.incidents.decide(incident, body, id=key)
    return Created(id=incident)


@router.post("/researchers")
async def admit(body: ResearcherRequest, request: Request, lab: Desk) -> Created:
    """Admits a researcher; its socket is open when this returns."""
    record = await run_in_threadpool(lab.office.admit, body)
    open_door: Opener = request.app.state.open_door
    await open_door(record.name, record.index)
    return Created(id=record.name)


@router.post("/usage")
def usage(body: UsageRequest, lab: Desk, key: Id = None) -> Held:
    """Adds to what a researcher has used, and sets money aside for what it does next."""
    return Held(dollars=lab.office.report_usage(body, id=key))


@router.post("/seals")
def seal(body: SealRequest, lab: Desk, key: Id = None) -> Created:
    """Notes what a transcript is so far."""
    lab.office.seal(body, id=key)
    return Created(id=body.researcher)


@router.post("/control")
def control(body: ControlRequest, lab: Desk, key: Id = None) -> Created:
    """Runs, pauses or stops researchers."""
    lab.office.control(body, id=key)
    return Created(id=body.action)


@router.post("/steer")
def steer(body: SteerRequest, lab: Desk, key: Id = None) -> Created:
    """Sends a message to a researcher."""
    lab.office.steer(body, id=key)
    return Created(id=body.researcher)


@router.post("/minds")
def replace(body: ReplaceRequest, lab: Desk, key: Id = None) -> Created:
    """Gives a researcher another mind."""
    lab.office.replace(body, id=key)
    return Created(id=body.researcher)


@router.post("/sessions")
def session(body: SessionRequest, lab: Desk, key: Id = None) -> Created:
    """Working time begins or ends."""
    lab.office.session(body, id=key)
    return Created(id=body.action)
