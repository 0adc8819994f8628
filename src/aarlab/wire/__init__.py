"""What crosses the doors of the lab, as pydantic models that server, client and outside agents share.

No request has a field for a metric, an identity or the name of a split: identity is the socket, numbers are the lab's.

An answer that carries text of a researcher names the fields that hold it in `untrusted`: they are data, whatever they
say. Whoever shows them to a reader that could take them for instructions quotes them (aarlab.quote).
"""

from aarlab.wire.answers import Board, BoardRow, Budgets, Created, Diff, Finding, Me, ProblemCard, Snapshot, Submission
from aarlab.wire.base import TRUST, FindingKind, ProtocolName, Standing, Status, Wire
from aarlab.wire.incidents import (
    Answer,
    AnswerRequest,
    Decision,
    DecisionRequest,
    Evidence,
    Incident,
    Level,
    Phase,
    RaiseRequest,
)
from aarlab.wire.operator import (
    ControlRequest,
    FinalOpening,
    FinalRequest,
    FinalRow,
    FinalState,
    LedgerEvent,
    Measured,
    OperatorBoard,
    OperatorRow,
    ResearcherRequest,
    ResearcherState,
    SealRequest,
    SessionRequest,
    SteerRequest,
    StudyState,
    UsageRequest,
)
from aarlab.wire.requests import (
    DevRequest,
    FindingRequest,
    NoteRequest,
    ProposalRequest,
    SnapshotRequest,
    VerifyRequest,
    VoteRequest,
)

__all__ = [
    "TRUST",
    "Answer",
    "AnswerRequest",
    "Board",
    "BoardRow",
    "Budgets",
    "ControlRequest",
    "Created",
    "Decision",
    "DecisionRequest",
    "DevRequest",
    "Diff",
    "Evidence",
    "FinalOpening",
    "FinalRequest",
    "FinalRow",
    "FinalState",
    "Finding",
    "FindingKind",
    "FindingRequest",
    "Incident",
    "LedgerEvent",
    "Level",
    "Me",
    "Measured",
    "NoteRequest",
    "OperatorBoard",
    "OperatorRow",
    "Phase",
    "ProblemCard",
    "ProposalRequest",
    "ProtocolName",
    "RaiseRequest",
    "ResearcherRequest",
    "ResearcherState",
    "SealRequest",
    "SessionRequest",
    "Snapshot",
    "SnapshotRequest",
    "Standing",
    "Status",
    "SteerRequest",
    "StudyState",
    "Submission",
    "UsageRequest",
    "VerifyRequest",
    "VoteRequest",
    "Wire",
]
