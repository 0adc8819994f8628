"""The lab: one ledger, and the desks that researchers and the operator come to."""

import platform
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import aarlab
from aarlab.canonical import digest
from aarlab.errors import ResearcherError, UserError
from aarlab.lab import board, views
from aarlab.lab.dev import DATA_KEY
from aarlab.lab.events import Kind
from aarlab.lab.forum import Forum
from aarlab.lab.incidents import Incidents
from aarlab.lab.ledger import Book
from aarlab.lab.measured import operator_board
from aarlab.lab.methods import Methods
from aarlab.lab.office import Office
from aarlab.lab.parts import Fatal, Parts, Shared
from aarlab.lab.rerun import score_body
from aarlab.lab.sharing import Sharing
from aarlab.settings import LimitSettings
from aarlab.wire import Board, FinalState, Finding, Me, OperatorBoard, ProblemCard, StudyState, Submission

_STOP_SECONDS = 3.0
_BLOBS_PER_RESEARCHER = 64


class Lab:
    """Open from construction to `close`. All methods may be called from any thread; who calls is an argument."""

    def __init__(self, parts: Parts, *, fatal: Fatal) -> None:
        """Opens or creates the study. `fatal` is told when the host cannot go on.

        Raises OperatorError (host, ledger) and UserError (settings that differ from those the study began with).
        """
        self._parts, self._card = parts, parts.problem.card()
        shared = Shared.open(parts, fatal=fatal)
        self._blob_bytes: dict[str, int] = {}
        self._crews, self._bench, self._direct = shared.crews, shared.bench, shared.direct
        self.vault, self.blobs, self.notary, self.ledger = shared.vault, shared.blobs, shared.notary, shared.ledger
        self.methods = Methods(self.ledger, shared.snapshots, limits=parts.config.limits)
        self.dev = shared.dev()
        self.reviews = shared.reviews()
        self.verify = shared.verify(finished=self.reviews.queue)
        self.final = shared.final()
        self.transfers = shared.transfers()
        self.forum = Forum(self.ledger, limits=parts.config.limits)
        self.sharing = Sharing(self.ledger, mode=parts.config.study.forum)
        self.incidents = Incidents(self.ledger, limits=parts.config.limits)
        self.office = Office(self.ledger)

    def start(self) -> None:
        """Writes down what this start enforces, and takes up what was requested and not answered."""
        self.notary.start(self.ledger)
        with self.ledger.open() as book:
            self._create(book)
            sandbox = self._parts.backend.describe()
            meta = {"backend": sandbox.backend, "enforced": sandbox.enforced, "missing": dict(sandbox.missing)}
            host = {"system": platform.platform(), "python": platform.python_version()}
            runtime = self._parts.runtime.digest
            book.write(Kind.LAB_STARTED, "lab", {}, host=host, runtime=runtime, version=aarlab.__version__, **meta)
            marks, final = book.state.marks, book.state.final
            pending = [record for record in book.state.submissions.values() if record.pending]
        for record in pending:
            (self.dev if record.door == "dev" else self.verify).compute(record.id)
        self.reviews.start()
        if marks is None:
            self._crews.marks.add(self._score_marks)
        if final is not None and final.opening and final.results is None:
            self.final.compute()
        for crew in self._crews:
            crew.start()

    def close(self) -> None:
        """Abandons what is computed (it is requested, so the next start takes it up) and closes the ledger."""
        for crew in self._crews:
            crew.stopping.set()
        self._bench.kill()
        self.transfers.kill()
        for crew in self._crews:
            crew.stop(seconds=_STOP_SECONDS)
        self.ledger.close()
        self.notary.close()

    @property
    def limits(self) -> LimitSettings:
        """What is accepted from researchers."""
        return self._parts.config.limits

    def data_key(self) -> bytes:
        """The key under which the public inputs are published."""
        return self.vault.subkey(*DATA_KEY)

    def problem(self) -> ProblemCard:
        """The public face of the problem."""
        card = self._card
        return ProblemCard(
            name=card.name,
            text=card.text,
            facts=dict(card.facts),
            run=tuple(card.run),
            student_file=card.student_file,
            verify_file=card.verify_file,
            protocol=self._parts.config.verify.protocol,
        )

    def put_blob(self, name: str, data: bytes) -> str:
        """Stores a student; each researcher has room for a limited number of them. Raises ResearcherError."""
        most = self._parts.config.limits.student_mb * 2**20
        if not 0 < len(data) <= most:
            raise ResearcherError(f"a student has 1 to {most} bytes, this one has {len(data)}", code="large")
        with self.ledger.open() as book:
            views.member(book.state, name)
            if digest(data) in self.blobs:
                return digest(data)
            used = self._blob_bytes.get(name, 0) + len(data)
            if used > most * _BLOBS_PER_RESEARCHER:
                raise ResearcherError("you have sent more students than the lab keeps", code="budget")
            self._blob_bytes[name] = used
        return self.blobs.put(data)

    def submission(self, submission: str) -> Submission:
        """A submission as it stands. Raises ResearcherError."""
        return self.watch(submission)[0]

    def watch(self, submission: str) -> tuple[Submission, "Future[None] | None"]:
        """A submission as it stands, and a future for its answer if it has none yet."""
        with self.ledger.open() as book:
            record = book.state.submissions.get(submission)
            if record is None:
                raise ResearcherError(f"there is no submission {submission[:64]!r}", code="unknown")
            desk = self.dev if record.door == "dev" else self.verify
            future = desk.waiters.of(submission) if record.pending else None
            seen = views.submission(book.state, record)
        if future is not None and record.door == "verify":
            # Always, for the time at which the runs begin would tell how long those before them took.
            seen = seen.model_copy(update={"status": "running"})
        return seen, future

    def me(self, name: str) -> Me:
        """What a researcher is told of itself."""
        with self.ledger.open() as book:
            return views.me(book.state, name, now=book.now, seed=self.vault.seed("researcher", name))

    def note(self, name: str) -> str:
        """A researcher's own notes."""
        with self.ledger.open() as book:
            return views.member(book.state, name).note

    def posts(self, *, after: int = 0) -> tuple[Finding, ...]:
        """The forum, with the newest heads of the ledger as the lab's own post on top."""
        own = self.notary.post(after=after)  # first, so that its seq is not beyond what is seen of the others
        with self.ledger.open() as book:
            return (*own, *views.forum(book.state, after=after))

    def posts_for(self, name: str, *, after: int = 0, query: str = "") -> tuple[Finding, ...]:
        """What of it one researcher sees: study.forum. `query`: those of all posts that fit these words best."""
        own = () if query else self.notary.post(after=after)
        return (*own, *self.sharing.posts(name, after=after, query=query))

    def board_for(self, name: str) -> Board:
        """The board as one researcher sees it."""
        with self.ledger.open() as book:
            return self.sharing.rows(name, board.board(book.state))

    def operator_board(self) -> OperatorBoard:
        """The board with what only the operator sees."""
        with self.ledger.open() as book:
            return operator_board(book.state)

    def study(self) -> StudyState:
        """The study for the live view."""
        with self.ledger.open() as book:
            return views.study(book.state, now=book.now)

    def final_set(self) -> FinalState:
        """The final set, before and after its opening."""
        with self.ledger.open() as book:
            return views.final(book.state)

    def researchers(self) -> dict[str, int]:
        """Everybody who was admitted, with the index that determines the uid."""
        with self.ledger.open() as book:
            return {record.name: record.index for record in book.state.researchers.values()}

    def _create(self, book: Book) -> None:
        config, data = self._parts.config, self._parts.problem.digest
        if book.state.config is None:
            body = {"config": config.model_dump(mode="json"), "problem": self._card.name, "digest": data}
            book.write(Kind.STUDY_CREATED, "lab", body, key=self.notary.key, metric=_metric(self._card.facts))
        changed = _changed(book.state.settings().model_dump(mode="json"), config.model_dump(mode="json"))
        if changed:
            raise UserError(f"a study that has begun keeps its settings; changed: {', '.join(changed)}")
        if book.state.digest != data:
            raise UserError("the data of the problem are not those that this study began with")

    def _score_marks(self, _: int) -> None:
        with self.ledger.open() as book:
            count, began = book.state.settings().verify.seeds, book.now
        seeds = self.vault.seeds("marks", count=count)
        scores = self._direct.marks(seeds, part="verify") if self._direct else self._parts.problem.references(seeds)
        marks = {name: score_body(score) for name, score in scores.items()}
        if not self._crews.marks.stopping.is_set():
            with self.ledger.open() as book:
                book.write(
                    Kind.MARKS_SCORED, "lab", {"seeds": seeds, "marks": marks}, seconds=round(book.now - began, 3)
                )
            self.verify.settle()


def _metric(facts: Mapping[str, Any]) -> str:
    return str(facts.get("metric", "score"))


def _changed(old: Any, new: Any, name: str = "") -> list[str]:
    """Dotted names of the settings that differ."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [] if old == new else [name]
    keys = sorted(old.keys() | new.keys())
    return [entry for key in keys for entry in _changed(old.get(key), new.get(key), f"{name}.{key}".strip("."))]
