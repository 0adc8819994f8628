"""Freezing methods and proposals."""

from aarlab.canonical import digest_json
from aarlab.errors import ResearcherError
from aarlab.lab import views
from aarlab.lab.events import Kind
from aarlab.lab.ledger import Ledger
from aarlab.lab.records import SnapshotRecord
from aarlab.lab.snapshots import Snapshots, check_files, content_hash
from aarlab.lab.state import State
from aarlab.lab.texts import check_text
from aarlab.settings import LimitSettings
from aarlab.wire import ProposalRequest, Snapshot, SnapshotRequest

_PARENTS = 8


class Methods:
    """Snapshots and proposals: both are stored once, whoever sends them again."""

    def __init__(self, ledger: Ledger, snapshots: Snapshots, *, limits: LimitSettings) -> None:
        """Shares the ledger with the other desks."""
        self._ledger = ledger
        self._snapshots = snapshots
        self._limits = limits

    def freeze(self, name: str, request: SnapshotRequest) -> str:
        """Id of the snapshot. Raises ResearcherError on files that are no method and on unknown parents."""
        check_files(request.files, limits=self._limits)
        check_text(request.message, "the message", limits=self._limits)
        if len(request.parents) > _PARENTS or len(set(request.parents)) != len(request.parents):
            raise ResearcherError(f"a snapshot has at most {_PARENTS} parents, each once", code="malformed")
        with self._ledger.open() as book:
            views.member(book.state, name)
            book.state.require_room(name)
            for parent in request.parents:
                require_snapshot(book.state, parent)
        snapshot = self._snapshots.store(request.files, author=name, message=request.message, parents=request.parents)
        self._record(name, snapshot, request)
        return snapshot

    def snapshot(self, snapshot: str) -> Snapshot:
        """A frozen method with its files."""
        with self._ledger.open() as book:
            record = require_snapshot(book.state, snapshot)
        return Snapshot(
            id=record.id,
            author=record.author,
            message=record.message,
            parents=record.parents,
            files=self._snapshots.files(record.id),
        )

    def diff(self, old: str, new: str) -> str:
        """Unified diff between two snapshots."""
        with self._ledger.open() as book:
            require_snapshot(book.state, old)
            require_snapshot(book.state, new)
        return self._snapshots.diff(old, new)

    def propose(self, name: str, request: ProposalRequest) -> str:
        """Id of the frozen proposal; the same words of the same researcher have the same id."""
        check_text(request.text, "the proposal", limits=self._limits)
        check_text(request.title, "the title", limits=self._limits, required=True, lines=1)
        check_text(request.family, "the family", limits=self._limits, lines=1)
        proposal = "p-" + digest_json([name, request.model_dump()])[:16]
        with self._ledger.open() as book:
            views.member(book.state, name)
            if proposal not in book.state.proposals:
                book.write(Kind.PROPOSAL_FROZEN, name, {"id": proposal, **request.model_dump()})
        return proposal

    def _record(self, name: str, snapshot: str, request: SnapshotRequest) -> None:
        with self._ledger.open() as book:
            if snapshot in book.state.snapshots:
                return
            body = {
                "id": snapshot,
                "content": content_hash(request.files),
                "message": request.message,
                "parents": request.parents,
                "paths": sorted(request.files),
                "bytes": sum(len(text.encode()) for text in request.files.values()),
            }
            book.write(Kind.SNAPSHOT_STORED, name, body)


def require_snapshot(state: State, snapshot: str) -> SnapshotRecord:
    """The record of a snapshot. Raises ResearcherError(code="unknown")."""
    record = state.snapshots.get(snapshot)
    if record is None:
        raise ResearcherError(
            f"there is no snapshot {snapshot[:64]!r}; freeze it first (POST /v1/snapshots)", code="unknown"
        )
    return record


def require_work(state: State, name: str, *, proposal: str, snapshot: str) -> None:
    """What dev and verify both ask for: an open study, not being paused, an own frozen proposal, a frozen method."""
    if state.closed:
        raise ResearcherError("this study is closed: its final set was opened, and nothing is scored after that")
    if views.member(state, name).control == "pause":
        raise ResearcherError("the operator has paused you; wait until GET /v1/me says run", code="paused")
    frozen = state.proposals.get(proposal)
    if frozen is None or frozen.author != name:
        raise ResearcherError(
            f"there is no proposal {proposal[:64]!r} of yours; freeze one first (POST /v1/proposals)", code="unknown"
        )
    require_snapshot(state, snapshot)
