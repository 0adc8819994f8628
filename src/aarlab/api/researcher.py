"""The researcher's door: one router, no logic. Who calls is known from the socket."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Depends, FastAPI, Query, Request
from starlette.concurrency import run_in_threadpool

from aarlab.api.answers import add_handlers
from aarlab.api.identity import identity_of
from aarlab.lab.lab import Lab
from aarlab.wire import (
    AnswerRequest,
    Board,
    Created,
    DevRequest,
    Diff,
    Finding,
    FindingRequest,
    Incident,
    Me,
    NoteRequest,
    ProblemCard,
    ProposalRequest,
    Snapshot,
    SnapshotRequest,
    Submission,
    VerifyRequest,
    VoteRequest,
)

MOST_WAIT = 30.0
"""Seconds that a request may wait for an answer."""
MOST_QUERY = 400
"""Characters of a search on the forum."""
_JSON_ESCAPES = 6
_ROOM = 65536


def _name(request: Request) -> str:
    return identity_of(request.scope)


def _lab(request: Request) -> Lab:
    lab: Lab = request.app.state.lab
    return lab


Name = Annotated[str, Depends(_name)]
Desk = Annotated[Lab, Depends(_lab)]
router = APIRouter()


def researcher_app(lab: Lab) -> FastAPI:
    """The application behind every researcher's socket."""
    app = FastAPI(title="aarlab: the researcher's door", docs_url=None, redoc_url=None)
    app.state.lab = lab
    app.include_router(router)
    add_handlers(app)
    return app


def body_cap(lab: Lab, path: str) -> int:
    """Most bytes of a body sent to a path."""
    limits = lab.limits
    if path == "/v1/blobs":
        return limits.student_mb * 2**20
    return _JSON_ESCAPES * 1024 * max(limits.snapshot_kb, limits.finding_kb) + _ROOM


@router.get("/v1/me")
def me(lab: Desk, name: Name) -> Me:
    """What the lab tells a researcher of itself."""
    return lab.me(name)


@router.get("/v1/echo")
def echo() -> Created:
    """Nothing but the way here and back: the floor of every measurement."""
    return Created(id="echo")


@router.get("/v1/problem")
def problem(lab: Desk) -> ProblemCard:
    """The public face of the problem."""
    return lab.problem()


@router.put("/v1/blobs")
async def put_blob(request: Request, lab: Desk, name: Name) -> Created:
    """Stores a student (application/octet-stream)."""
    data = await request.body()
    return Created(id=await run_in_threadpool(lab.put_blob, name, data))


@router.post("/v1/snapshots")
def freeze(body: SnapshotRequest, lab: Desk, name: Name) -> Created:
    """Freezes a method."""
    return Created(id=lab.methods.freeze(name, body))


@router.get("/v1/snapshots/{snapshot}")
def snapshot(snapshot: str, lab: Desk, name: Name) -> Snapshot:
    """A frozen method with its files."""
    lab.sharing.require(name, snapshots=[snapshot])
    return lab.methods.snapshot(snapshot)


@router.get("/v1/snapshots/{old}/diff/{new}")
def diff(old: str, new: str, lab: Desk, name: Name) -> Diff:
    """Unified diff between two snapshots."""
    lab.sharing.require(name, snapshots=[old, new])
    return Diff(old=old, new=new, text=lab.methods.diff(old, new))


@router.post("/v1/proposals")
def propose(body: ProposalRequest, lab: Desk, name: Name) -> Created:
    """Freezes a proposal."""
    return Created(id=lab.methods.propose(name, body))


@router.post("/v1/dev")
async def dev(body: DevRequest, lab: Desk, name: Name, wait: Annotated[float, Query(ge=0)] = 0.0) -> Submission:
    """Hands students in for a coarse answer."""
    return await _watch(lab, await run_in_threadpool(lab.dev.request, name, body), wait)


@router.post("/v1/verify")
async def verify(body: VerifyRequest, lab: Desk, name: Name, wait: Annotated[float, Query(ge=0)] = 0.0) -> Submission:
    """Hands a method in to be re-executed."""
    return await _watch(lab, await run_in_threadpool(lab.verify.request, name, body), wait)


@router.get("/v1/submissions/{submission}")
async def submission(submission: str, lab: Desk, name: Name, wait: Annotated[float, Query(ge=0)] = 0.0) -> Submission:
    """A submission, at once or when it is answered."""
    await run_in_threadpool(lab.sharing.require, name, submissions=[submission])
    return await _watch(lab, submission, wait)


@router.post("/v1/findings")
def post(body: FindingRequest, lab: Desk, name: Name) -> Created:
    """Posts a finding."""
    lab.sharing.require(name, findings=[one for one in (body.replies_to, body.corrects) if one])
    return Created(id=lab.forum.post(name, body))


@router.get("/v1/forum")
def forum(
    lab: Desk,
    name: Name,
    after: Annotated[int, Query(ge=0)] = 0,
    query: Annotated[str, Query(max_length=MOST_QUERY)] = "",
) -> tuple[Finding, ...]:
    """Findings that are new or changed since, or those that fit a query best; study.forum says whose."""
    return lab.posts_for(name, after=after, query=query)


@router.post("/v1/findings/{finding}/vote")
def vote(finding: str, body: VoteRequest, lab: Desk, name: Name) -> Created:
    """Votes on a finding."""
    lab.sharing.require(name, findings=[finding])
    lab.forum.vote(name, finding, body)
    return Created(id=finding)


@router.get("/v1/board")
def board(lab: Desk, name: Name) -> Board:
    """The board, as study.forum lets this researcher see it."""
    return lab.board_for(name)


@router.get("/v1/incidents")
def incidents(lab: Desk, name: Name) -> tuple[Incident, ...]:
    """Incidents about the researcher's own work, without their evidence."""
    return lab.incidents.of(name)


@router.post("/v1/incidents/{incident}/answer")
def answer(incident: str, body: AnswerRequest, lab: Desk, name: Name) -> Created:
    """One reply to an incident, and one appeal after a decision."""
    lab.incidents.answer(name, incident, body)
    return Created(id=incident)


@router.get("/v1/notes")
def note(lab: Desk, name: Name) -> NoteRequest:
    """The researcher's own notes."""
    return NoteRequest(text=lab.note(name))


@router.put("/v1/notes")
def save_note(body: Annotated[NoteRequest, Body()], lab: Desk, name: Name) -> NoteRequest:
    """Replaces the researcher's own notes."""
    lab.forum.save_note(name, body)
    return body


async def _watch(lab: Lab, submission: str, seconds: float) -> Submission:
    seen, future = await run_in_threadpool(lab.watch, submission)
    if future is None or seconds <= 0:
        return seen
    await asyncio.wait({asyncio.wrap_future(future)}, timeout=min(seconds, MOST_WAIT))
    return await run_in_threadpool(lab.submission, submission)
