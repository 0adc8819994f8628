"""The dev door: students in, one coarse accuracy out, from a budget that the whole team shares."""

import time
from collections.abc import Sequence
from functools import partial
from statistics import NormalDist

from aarlab.canonical import digest_json
from aarlab.errors import OperatorError, ResearcherError
from aarlab.lab import budgets, views
from aarlab.lab.crew import Crew, Waiters, guarded
from aarlab.lab.events import Kind
from aarlab.lab.incidents import write_suspicions
from aarlab.lab.inspection import Inspector
from aarlab.lab.ledger import Ledger
from aarlab.lab.methods import require_work
from aarlab.lab.state import State
from aarlab.lab.store import Blobs
from aarlab.lab.vault import Keys, Vault
from aarlab.problem.contract import Problem
from aarlab.settings import DevSettings
from aarlab.wire import DevRequest, Status

DATA_KEY = ("data",)
"""Names the vault's subkey for Problem.publish and Problem.dev."""


def submission_id(students: Sequence[str]) -> str:
    """Names a set of students. Their order is left out, because it does not change their mean."""
    return "d-" + digest_json(sorted(students))[:20]


def coarse(raw: float, submission: str, *, vault: Keys, settings: DevSettings) -> float:
    """The answer for a raw accuracy: noise that only the submission and the key determine, then the grid."""
    uniform = (vault.seed("noise", submission) + 0.5) / 2**63
    noise = NormalDist().inv_cdf(uniform) * settings.noise
    steps = round(min(1.0, max(0.0, raw + noise)) / settings.grid)
    return round(steps * settings.grid, 9)


class Dev:
    """Answers each set of students once, whoever asks and however often."""

    def __init__(
        self,
        ledger: Ledger,
        blobs: Blobs,
        *,
        vault: Vault,
        problem: Problem,
        inspector: Inspector,
        settings: DevSettings,
        crew: Crew,
    ) -> None:
        """`crew` computes."""
        self._inspector = inspector
        self._ledger = ledger
        self._blobs = blobs
        self._vault = vault
        self._problem = problem
        self._settings = settings
        self._crew = crew
        self.waiters = Waiters()

    def request(self, name: str, request: DevRequest) -> str:
        """Id of the submission, which is computed from now on. Raises ResearcherError.

        A request that was accepted counts against the budget, also when its students turn out to be malformed: what
        reaches the hidden data is paid for. What is refused here costs nothing.
        """
        submission = submission_id(request.students)
        with self._ledger.open() as book:
            views.member(book.state, name)
            known = submission in book.state.submissions
            if not known:
                self._check(book.state, name, request)
                protocol = book.state.settings().verify.protocol
                body = {"id": submission, "snapshot": request.snapshot, "proposal": request.proposal}
                more = {"students": sorted(request.students), "protocol": protocol}
                book.write(Kind.DEV_REQUESTED, name, body | more)
        if not known:
            self.compute(submission)
        return submission

    def compute(self, submission: str) -> None:
        """Queues a recorded request."""
        self._crew.add(lambda _: self._answer(submission))

    def _check(self, state: State, name: str, request: DevRequest) -> None:
        require_work(state, name, proposal=request.proposal, snapshot=request.snapshot)
        if len(request.students) != self._settings.seeds:
            raise ResearcherError(
                f"a dev submission has {self._settings.seeds} students, one for each seed; this one has "
                f"{len(request.students)}",
                code="malformed",
            )
        for student in request.students:
            if student not in self._blobs:
                raise ResearcherError(
                    f"there is no blob {student[:64]!r}; send it first (PUT /v1/blobs)", code="unknown"
                )
        budgets.require(state, "dev", name=name)

    def _answer(self, submission: str) -> None:
        with self._ledger.open() as book:
            record = book.state.submissions[submission]
        began = time.monotonic()
        score = partial(self._score, record.id, record.students)
        broken: tuple[Status, float | None] = ("error", None)
        status, answer = guarded(score, otherwise=broken, what=submission)
        suspicions = self._inspector.asked(submission) if status == "ok" else ()
        with self._ledger.open() as book:
            write_suspicions(book, suspicions, researcher=record.researcher, submission=submission)
            body = {"id": submission, "status": status, "answer": answer}
            book.write(Kind.DEV_ANSWERED, "lab", body, seconds=round(time.monotonic() - began, 3))
        self.waiters.resolve(submission)

    def _score(self, submission: str, students: Sequence[str]) -> tuple[Status, float | None]:
        try:
            files = [self._blobs.get(student) for student in students]
        except KeyError as error:
            raise OperatorError(f"the student {error} was removed after it was stored; restore it") from error
        try:
            raw = self._problem.dev(files, key=self._vault.subkey(*DATA_KEY))
        except ResearcherError:
            return "malformed", None
        return "ok", coarse(raw, submission, vault=self._vault, settings=self._settings)
