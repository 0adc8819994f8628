"""Typed clients of the lab's doors: HTTP over a Unix socket. They wait out a restart of the server, nothing else."""

import json
import time
import uuid
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, TypeAdapter

from aarlab.api.unix import UnixHttp
from aarlab.errors import OperatorError, ResearcherError, UserError
from aarlab.wire import (
    AnswerRequest,
    Board,
    ControlRequest,
    Created,
    DecisionRequest,
    DevRequest,
    Diff,
    Evidence,
    FinalOpening,
    FinalRequest,
    FinalState,
    Finding,
    FindingRequest,
    Held,
    Incident,
    LedgerEvent,
    Me,
    NoteRequest,
    OperatorBoard,
    ProblemCard,
    ProposalRequest,
    RaiseRequest,
    ReplaceRequest,
    ResearcherRequest,
    SealRequest,
    SessionRequest,
    Snapshot,
    SnapshotRequest,
    SteerRequest,
    StudyState,
    Submission,
    TransferRequest,
    TransferState,
    UsageRequest,
    VerifyRequest,
    VoteRequest,
)

M = TypeVar("M", bound=BaseModel)
Query = Mapping[str, str | float]
_JSON, _BYTES = "application/json", "application/octet-stream"
_READ_SECONDS = 90.0
_WAIT_SECONDS = 25.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
_FINDINGS = TypeAdapter(tuple[Finding, ...])
_EVENTS = TypeAdapter(tuple[LedgerEvent, ...])
_INCIDENTS = TypeAdapter(tuple[Incident, ...])
_EVIDENCE = TypeAdapter(tuple[Evidence, ...])


class _Line:
    """Requests through one socket. All of them may be sent again: what they ask for happens once."""

    def __init__(self, socket: Path, *, deadline: float) -> None:
        self._deadline = deadline
        self._http = UnixHttp(socket, timeout=_READ_SECONDS)

    def close(self) -> None:
        """Gives the connections back."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(
        self, method: str, path: str, query: Query | None = None, *, body: bytes = b"", kind: str = _JSON, id: str = ""
    ) -> bytes:
        """The answer's body. Raises OperatorError when the lab is away for longer than the deadline or has failed."""
        target = f"{quote(path)}?{urlencode(query)}" if query else quote(path)
        headers = {"Content-Type": kind, "Idempotency-Key": id} if id else {"Content-Type": kind}
        until, pause = time.monotonic() + self._deadline, _FIRST_PAUSE
        while True:
            try:
                return _accepted(*self._http.ask(method, target, body=body, headers=headers))
            except (OSError, HTTPException) as error:
                if time.monotonic() + pause > until:
                    raise OperatorError(f"the lab does not answer ({type(error).__name__}); is it running?") from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _get(self, model: type[M], path: str, query: Query | None = None) -> M:
        return model.model_validate_json(self._ask("GET", path, query))

    def _post(self, model: type[M], path: str, request: BaseModel, query: Query | None = None, *, id: str = "") -> M:
        body = request.model_dump_json().encode()
        return model.model_validate_json(self._ask("POST", path, query, body=body, id=id))


def _accepted(status: int, body: bytes) -> bytes:
    if 200 <= status < 300:
        return body
    try:
        found = json.loads(body)
        code, message = str(found["code"]), str(found["message"])
    except (ValueError, KeyError, TypeError):
        raise OperatorError(f"the lab answered {status} without a reason") from None
    if status >= 500:
        raise OperatorError(f"the lab has failed: {message}")
    raise UserError(message) if code == "user" else ResearcherError(message, code=code)


class Door(_Line):
    """A researcher's door. Refusals are ResearcherError with the lab's code; OperatorError means that the lab is away.

    `deadline` is how many seconds a call waits for a lab that does not answer, for example while it is restarted.
    """

    def __init__(self, socket: Path, *, deadline: float = 30.0) -> None:
        """`socket` is that of one researcher: it is its identity."""
        super().__init__(socket, deadline=deadline)

    def me(self) -> Me:
        """Name, direction, control, messages, budgets."""
        return self._get(Me, "/v1/me")

    def echo(self) -> str:
        """Nothing but the way there and back, for measurements."""
        return self._get(Created, "/v1/echo").id

    def problem(self) -> ProblemCard:
        """The public face of the problem."""
        return self._get(ProblemCard, "/v1/problem")

    def put_blob(self, data: bytes) -> str:
        """Stores a student and returns its id."""
        return Created.model_validate_json(self._ask("PUT", "/v1/blobs", body=data, kind=_BYTES)).id

    def snapshot(self, request: SnapshotRequest) -> str:
        """Freezes a method and returns the snapshot's id."""
        return self._post(Created, "/v1/snapshots", request).id

    def get_snapshot(self, snapshot: str) -> Snapshot:
        """A frozen method with its files."""
        return self._get(Snapshot, f"/v1/snapshots/{snapshot}")

    def diff(self, old: str, new: str) -> Diff:
        """Unified diff between two snapshots."""
        return self._get(Diff, f"/v1/snapshots/{old}/diff/{new}")

    def propose(self, request: ProposalRequest) -> str:
        """Freezes a proposal and returns its id."""
        return self._post(Created, "/v1/proposals", request).id

    def dev(self, request: DevRequest, *, wait: float = 60.0) -> Submission:
        """Hands students in; the answer, or how far it is after `wait` seconds."""
        return self._follow(self._post(Submission, "/v1/dev", request, {"wait": min(wait, _WAIT_SECONDS)}), wait)

    def verify(self, request: VerifyRequest, *, wait: float = 0.0) -> Submission:
        """Hands a method in; how far it is after `wait` seconds."""
        return self._follow(self._post(Submission, "/v1/verify", request), wait)

    def submission(self, submission: str, *, wait: float = 0.0) -> Submission:
        """A submission, when it is answered or after `wait` seconds."""
        return self._follow(self._get(Submission, f"/v1/submissions/{submission}"), wait)

    def finding(self, request: FindingRequest) -> str:
        """Posts a finding and returns its id."""
        return self._post(Created, "/v1/findings", request).id

    def vote(self, finding: str, request: VoteRequest) -> None:
        """Votes on another's finding."""
        self._post(Created, f"/v1/findings/{finding}/vote", request)

    def forum(self, *, after: int = 0) -> tuple[Finding, ...]:
        """Findings that are new or changed since the `seq` of what was seen last, in the order of posting."""
        return _FINDINGS.validate_json(self._ask("GET", "/v1/forum", {"after": after}))

    def search_forum(self, query: str) -> tuple[Finding, ...]:
        """The few findings that fit the words of a query best, best first; none where study.forum allows no search."""
        return _FINDINGS.validate_json(self._ask("GET", "/v1/forum", {"query": query}))

    def board(self) -> Board:
        """The board."""
        return self._get(Board, "/v1/board")

    def incidents(self) -> tuple[Incident, ...]:
        """Incidents about one's own work, oldest first."""
        return _INCIDENTS.validate_json(self._ask("GET", "/v1/incidents"))

    def answer(self, incident: str, request: AnswerRequest) -> None:
        """Replies to an incident, or appeals against a decision."""
        self._post(Created, f"/v1/incidents/{incident}/answer", request)

    def notes(self) -> str:
        """The researcher's own notes."""
        return self._get(NoteRequest, "/v1/notes").text

    def save_notes(self, text: str) -> None:
        """Replaces them."""
        self._ask("PUT", "/v1/notes", body=NoteRequest(text=text).model_dump_json().encode())

    def _follow(self, seen: Submission, seconds: float) -> Submission:
        until = time.monotonic() + seconds
        while seen.status in ("queued", "running") and (left := until - time.monotonic()) > 0:
            seen = self._get(Submission, f"/v1/submissions/{seen.id}", {"wait": min(left, _WAIT_SECONDS)})
        return seen


class Operator(_Line):
    """The operator's door. Bad requests are UserError; OperatorError means that the lab is away."""

    def __init__(self, socket: Path, *, deadline: float = 30.0) -> None:
        """`deadline` as in Door."""
        super().__init__(socket, deadline=deadline)

    def state(self) -> StudyState:
        """The study for the live view."""
        return self._get(StudyState, "/operator/state")

    def events(self, *, after: int = 0) -> tuple[LedgerEvent, ...]:
        """The next entries of the ledger, at most 1000."""
        return _EVENTS.validate_json(self._ask("GET", "/operator/events", {"after": after}))

    def board(self) -> OperatorBoard:
        """The board, with what only the operator sees."""
        return self._get(OperatorBoard, "/operator/board")

    def forum(self, *, after: int = 0) -> tuple[Finding, ...]:
        """The forum, as in Door."""
        return _FINDINGS.validate_json(self._ask("GET", "/operator/forum", {"after": after}))

    def announce(self, request: FindingRequest) -> str:
        """Posts a finding as the operator and returns its id. Raises ResearcherError on what is no finding."""
        return self._post(Created, "/operator/findings", request).id

    def admit(self, request: ResearcherRequest) -> None:
        """Admits a researcher; its socket is open when this returns."""
        self._post(Created, "/operator/researchers", request)

    def usage(self, request: UsageRequest) -> float:
        """Adds to what a researcher has used; the dollars that are set aside for it now."""
        return self._post(Held, "/operator/usage", request, id=uuid.uuid4().hex).dollars

    def seal(self, request: SealRequest) -> None:
        """Notes what a transcript is so far."""
        self._once("/operator/seals", request)

    def control(self, request: ControlRequest) -> None:
        """Runs, pauses or stops researchers."""
        self._once("/operator/control", request)

    def steer(self, request: SteerRequest) -> None:
        """Sends a message to a researcher."""
        self._once("/operator/steer", request)

    def replace(self, request: ReplaceRequest) -> None:
        """Gives a researcher of the fleet another mind."""
        self._once("/operator/minds", request)

    def session(self, request: SessionRequest) -> None:
        """Working time begins or ends."""
        self._once("/operator/sessions", request)

    def incidents(self) -> tuple[Evidence, ...]:
        """All incidents with their evidence, oldest first."""
        return _EVIDENCE.validate_json(self._ask("GET", "/operator/incidents"))

    def raise_incident(self, request: RaiseRequest) -> str:
        """Raises an incident about a submission and returns its id."""
        return self._post(Created, "/operator/incidents", request, id=uuid.uuid4().hex).id

    def decide(self, incident: str, request: DecisionRequest) -> None:
        """Decides an incident."""
        self._once(f"/operator/incidents/{incident}/decision", request)

    def final(self) -> FinalState:
        """The final set, before and after its opening."""
        return self._get(FinalState, "/operator/final")

    def name_finalists(self, request: FinalRequest) -> FinalState:
        """Names what the final set will grade; may be repeated until it is opened."""
        return self._post(FinalState, "/operator/final/finalists", request, id=uuid.uuid4().hex)

    def open_final(self) -> FinalState:
        """Has the final set opened, once for ever. `final` has the results when they are computed."""
        return self._post(FinalState, "/operator/final/opening", FinalOpening(), id=uuid.uuid4().hex)

    def transfer(self, request: TransferRequest) -> TransferState:
        """Carries a verified method to other domains; `transferred` says how far it is."""
        return self._post(TransferState, "/operator/transfers", request, id=uuid.uuid4().hex)

    def transferred(self, name: str) -> TransferState:
        """How far such a request is."""
        return self._get(TransferState, f"/operator/transfers/{name}")

    def _once(self, path: str, request: BaseModel) -> None:
        """Sent with a fresh id, so that sending it again after a broken connection changes nothing."""
        self._post(Created, path, request, id=uuid.uuid4().hex)
