"""The forum: typed findings whose numbers come from the lab, votes, corrections; and each researcher's own notes."""

from aarlab.canonical import digest_json
from aarlab.errors import ResearcherError
from aarlab.lab import views
from aarlab.lab.events import Kind
from aarlab.lab.ledger import Book, Ledger
from aarlab.lab.methods import require_snapshot
from aarlab.lab.records import FindingRecord
from aarlab.lab.state import State
from aarlab.lab.texts import check_text
from aarlab.settings import LimitSettings
from aarlab.wire import FindingRequest, NoteRequest, VoteRequest

OPERATOR = "operator"
"""Author of the operator's posts: a name that no researcher can have (office.RESERVED)."""
_CITES = 32


class Forum:
    """Posts, votes and notes."""

    def __init__(self, ledger: Ledger, *, limits: LimitSettings) -> None:
        """Shares the ledger with the other desks."""
        self._ledger = ledger
        self._limits = limits

    def post(self, name: str, request: FindingRequest) -> str:
        """Id of the finding; the same words of the same researcher have the same id. Raises ResearcherError."""
        finding = self._name(name, request)
        with self._ledger.open() as book:
            views.member(book.state, name)
            _write(book, name, finding, request)
        return finding

    def announce(self, request: FindingRequest) -> str:
        """The operator's post, under rules and an id as a researcher's. Raises ResearcherError.

        It reaches researchers as all posts do: as data. What they are to do is told them with `Office.steer`.
        """
        finding = self._name(OPERATOR, request)
        with self._ledger.open() as book:
            _write(book, OPERATOR, finding, request)
        return finding

    def _name(self, author: str, request: FindingRequest) -> str:
        check_text(request.title, "the title", limits=self._limits, required=True, lines=1)
        check_text(request.text, "the text", limits=self._limits)
        return "f-" + digest_json([author, request.model_dump()])[:16]

    def vote(self, name: str, finding: str, request: VoteRequest) -> None:
        """The last vote of a researcher counts; its own posts get none from it. Raises ResearcherError."""
        with self._ledger.open() as book:
            views.member(book.state, name)
            record = _require(book.state, finding)
            if record.author == name:
                raise ResearcherError("nobody votes on their own finding")
            if record.votes.get(name, 0) != request.value:
                book.write(Kind.VOTE_CAST, name, {"finding": finding, "value": request.value})

    def save_note(self, name: str, request: NoteRequest) -> None:
        """Replaces the researcher's notes."""
        check_text(request.text, "the note", limits=self._limits)
        with self._ledger.open() as book:
            if views.member(book.state, name).note != request.text:
                book.write(Kind.NOTE_SAVED, name, {"text": request.text})


def _write(book: Book, author: str, finding: str, request: FindingRequest) -> None:
    if finding not in book.state.findings:
        _check(book.state, request)
        book.write(Kind.FINDING_POSTED, author, {"id": finding, **request.model_dump()})


def _check(state: State, request: FindingRequest) -> None:
    if request.kind in ("result", "negative result") and request.submission is None:
        raise ResearcherError(
            f"a {request.kind} names the submission that shows it (field `submission`); "
            "without one it is a hypothesis or an insight"
        )
    if request.submission is not None:
        _check_submission(state, request.submission, request.kind)
    if (request.kind == "correction") != (request.corrects is not None):
        raise ResearcherError(
            "a correction names the finding that it corrects (field `corrects`), and nothing else does"
        )
    for finding in filter(None, (request.corrects, request.replies_to)):
        _require(state, finding)
    if request.kind == "survey" and not request.text.strip():
        raise ResearcherError("an entry in the survey says in its text what the source says, and names it")
    if len(request.cites) > _CITES:
        raise ResearcherError(f"a finding cites at most {_CITES} snapshots", code="malformed")
    for snapshot in request.cites:
        require_snapshot(state, snapshot)


def _check_submission(state: State, submission: str, kind: str) -> None:
    record = state.submissions.get(submission)
    if record is None:
        raise ResearcherError(f"there is no submission {submission[:64]!r}", code="unknown")
    if kind in ("result", "negative result") and record.status != "ok":
        hint = f"wait for it (GET /v1/submissions/{record.id}?wait=30)" if record.pending else "post it as an error"
        raise ResearcherError(f"{record.id} has no answer ({record.status}), so it shows no {kind}: {hint}")


def _require(state: State, finding: str) -> FindingRecord:
    record = state.findings.get(finding)
    if record is None:
        raise ResearcherError(f"there is no finding {finding[:64]!r}", code="unknown")
    return record
