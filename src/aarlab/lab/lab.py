"""The lab: one ledger, and the desks that researchers and the operator come to."""

import platform
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import aarlab
from aarlab.canonical import digest
from aarlab.errors import OperatorError, ResearcherError, UserError
from aarlab.integrity.monitor import make_monitor
from aarlab.lab import board, views
from aarlab.lab.blobs import FolderBlobs
from aarlab.lab.crew import Crew
from aarlab.lab.dev import DATA_KEY, Dev
from aarlab.lab.direct import Direct
from aarlab.lab.events import Kind
from aarlab.lab.final import Final
from aarlab.lab.forum import Forum
from aarlab.lab.heads import Signer
from aarlab.lab.incidents import Incidents
from aarlab.lab.inspection import Inspector
from aarlab.lab.ledger import Book, Ledger
from aarlab.lab.measured import operator_board
from aarlab.lab.methods import Methods
from aarlab.lab.notary import Notary
from aarlab.lab.office import MOST, Office
from aarlab.lab.rerun import Bench, score_body
from aarlab.lab.reviews import Reviews
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.sqlite_store import SqliteStore
from aarlab.lab.transfers import Transfers
from aarlab.lab.vault import Vault
from aarlab.lab.verify import Verify
from aarlab.paths import StudyPaths
from aarlab.problem.contract import Problem
from aarlab.sandbox.protocol import Runtime, SandboxBackend
from aarlab.settings import LimitSettings, StudyConfig
from aarlab.wire import Board, FinalState, Finding, Me, OperatorBoard, ProblemCard, StudyState, Submission

_STOP_SECONDS = 3.0
_BLOBS_PER_RESEARCHER = 64


@dataclass(frozen=True)
class Parts:
    """What a lab is made from."""

    paths: StudyPaths
    """Where the study lives."""
    config: StudyConfig
    """Its settings."""
    problem: Problem
    """What is researched."""
    backend: SandboxBackend
    """Where methods are re-executed."""
    runtime: Runtime
    """The Python of sandboxes."""


class Lab:
    """Open from construction to `close`. All methods may be called from any thread; who calls is an argument."""

    def __init__(self, parts: Parts, *, fatal: Callable[[OperatorError], None]) -> None:
        """Opens or creates the study. `fatal` is told when the host cannot go on.

        Raises OperatorError (host, ledger) and UserError (settings that differ from those the study began with).
        """
        self._parts = parts
        paths, config = parts.paths, parts.config
        self._card = parts.problem.card()
        self.vault = Vault(paths.vault, seed=config.study.seed)
        self.blobs = FolderBlobs(paths.blobs)
        snapshots = Snapshots(paths.snapshots)
        self._blob_bytes: dict[str, int] = {}
        self._crews = [
            Crew("dev", workers=1, fatal=fatal),
            Crew("verify", workers=config.verify.parallel, fatal=fatal),
            Crew("marks", workers=1, fatal=fatal),
            Crew("answers", workers=1, fatal=fatal),
            Crew("monitor", workers=1, fatal=fatal),
            Crew("transfer", workers=1, fatal=fatal),
        ]
        dev_crew, verify_crew, _, clerk, monitor_crew, transfer_crew = self._crews
        self._bench = Bench(parts.problem, parts.backend, parts.runtime, config, paths.runtime / "verify")
        self._bench.clear()
        self.notary = Notary(paths, Signer(self.vault.signing_key(), study=config.study.name), fatal=fatal)
        self.ledger = Ledger(SqliteStore(paths.database), fatal=fatal, durable=self.notary.saw)
        self.methods = Methods(self.ledger, snapshots, limits=config.limits)
        inspector = Inspector(
            self.ledger,
            snapshots,
            self.blobs,
            problem=parts.problem,
            protocol=config.verify.protocol,
            key=self.data_key(),
            logs=paths.logs,
        )
        self.dev = Dev(
            self.ledger,
            self.blobs,
            vault=self.vault,
            problem=parts.problem,
            inspector=inspector,
            settings=config.dev,
            crew=dev_crew,
        )
        monitor = make_monitor(config.integrity.monitor, price=config.price, folder=paths.vault / "reviews")
        self.reviews = Reviews(self.ledger, inspector=inspector, monitor=monitor, crew=monitor_crew)
        self._direct = Direct.of(parts.problem, config=config, blobs=self.blobs, vault=self.vault)
        uid = partial(_worker_uid, paths)
        self.verify = Verify(
            self.ledger,
            snapshots,
            vault=self.vault,
            bench=self._bench,
            inspector=inspector,
            crew=verify_crew,
            uid=uid,
            finished=self.reviews.queue,
            blobs=self.blobs,
            direct=self._direct,
            every=config.verify.answer_every,
            clerk=clerk,
        )
        self.final = Final(
            self.ledger,
            snapshots,
            vault=self.vault,
            bench=self._bench,
            crew=verify_crew,
            uid=uid,
            direct=self._direct,
        )
        self.transfers = Transfers(
            self.ledger, snapshots, keys=self.vault, bench=self._bench, crew=transfer_crew, paths=paths
        )
        self.forum = Forum(self.ledger, limits=config.limits)
        self.incidents = Incidents(self.ledger, limits=config.limits)
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
            self._crews[2].add(self._score_marks)
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

    def board(self) -> Board:
        """The board."""
        with self.ledger.open() as book:
            return board.board(book.state)

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
        if not self._crews[2].stopping.is_set():
            with self.ledger.open() as book:
                book.write(
                    Kind.MARKS_SCORED, "lab", {"seeds": seeds, "marks": marks}, seconds=round(book.now - began, 3)
                )
            self.verify.settle()


def _metric(facts: Mapping[str, Any]) -> str:
    return str(facts.get("metric", "score"))


def _worker_uid(paths: StudyPaths, slot: int) -> int | None:
    return paths.uid(MOST + slot)


def _changed(old: Any, new: Any, name: str = "") -> list[str]:
    """Dotted names of the settings that differ."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [] if old == new else [name]
    keys = sorted(old.keys() | new.keys())
    return [entry for key in keys for entry in _changed(old.get(key), new.get(key), f"{name}.{key}".strip("."))]
