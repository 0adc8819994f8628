"""The verify door: a frozen method in, fresh trainings on draws that nobody has seen, one score out."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aarlab.integrity.case import Suspicion
from aarlab.lab import budgets, views
from aarlab.lab.crew import Crew, Waiters, guarded
from aarlab.lab.direct import Direct, check_students, direct_id, steps_of
from aarlab.lab.events import Kind
from aarlab.lab.incidents import write_suspicions
from aarlab.lab.inspection import Inspector
from aarlab.lab.ladder import beats, rung
from aarlab.lab.ledger import Book, Ledger
from aarlab.lab.methods import require_snapshot, require_work
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.rerun import Bench, Run, Step, Verdict, plan, score_body
from aarlab.lab.slots import Slots
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.standing import ladder_stands_at, standing
from aarlab.lab.state import State
from aarlab.lab.store import Blobs
from aarlab.lab.vault import Vault
from aarlab.problem.contract import Score
from aarlab.wire import VerifyRequest


def submission_id(content: str) -> str:
    """Names a verification: the same files are verified once, whoever froze them."""
    return "v-" + content[:20]


@dataclass
class _Job:
    """A verification under way."""

    submission: str
    files: dict[str, str]
    seeds: tuple[int, ...]
    steps: tuple[Step, ...]
    began: float | None = None
    ended: float = 0.0
    runs: dict[int, Run] = field(default_factory=dict)
    suspicions: tuple[Suspicion, ...] = ()
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """A run begins."""
        with self.lock:
            self.began = time.monotonic() if self.began is None else self.began

    def add(self, index: int, run: Run) -> bool:
        """Keeps a run; True for the one that completes the job."""
        with self.lock:
            self.runs[index] = run
            self.ended = time.monotonic()
            return len(self.runs) == len(self.steps)

    @property
    def seconds(self) -> float:
        """Wall time from the first run's beginning to the last one's end."""
        return self.ended - (self.ended if self.began is None else self.began)


class Verify:
    """Re-executes each method once, first come first served; or grades files, where that is the study's protocol.

    What is computed stays in memory until the next slot after its request (lab.slots): a crash computes it again.
    """

    def __init__(
        self,
        ledger: Ledger,
        snapshots: Snapshots,
        *,
        vault: Vault,
        bench: Bench,
        inspector: Inspector,
        crew: Crew,
        uid: Callable[[int], int | None],
        finished: Callable[[str], None],
        blobs: Blobs,
        direct: Direct | None,
        every: float,
        clerk: Crew,
    ) -> None:
        """`crew` computes; `uid` gives the host uid of a worker's sandboxes; `finished` is told of what is written.

        `direct` grades files where no method is re-executed. Answers are given at multiples of `every` seconds after
        their requests, by `clerk`, which has one worker.
        """
        self._finished = finished
        self._inspector = inspector
        self._ledger = ledger
        self._snapshots = snapshots
        self._vault = vault
        self._bench = bench
        self._crew = crew
        self._uid = uid
        self._blobs = blobs
        self._direct = direct
        self._slots = Slots(every=every, crew=clerk, wake=self.settle)
        self._done: dict[str, tuple[_Job, Verdict]] = {}
        self.waiters = Waiters()

    def request(self, name: str, request: VerifyRequest) -> str:
        """Id of the submission, which is computed from now on. Raises ResearcherError."""
        with self._ledger.open() as book:
            views.member(book.state, name)
            content = require_snapshot(book.state, request.snapshot).content
            config = book.state.settings()
            check_students(request.students, config=config, blobs=self._blobs)
            submission = direct_id(request.students) if self._direct else submission_id(content)
            known = submission in book.state.submissions
            if not known:
                require_work(book.state, name, proposal=request.proposal, snapshot=request.snapshot)
                budgets.require(book.state, "verify", name=name)
                own = {"id": submission, "content": content, "protocol": config.verify.protocol}
                asked = request.model_dump() | {"students": sorted(request.students)}
                book.write(Kind.VERIFY_REQUESTED, name, own | asked)
        if not known:
            self.compute(submission)
        return submission

    def compute(self, submission: str) -> None:
        """Queues the runs of a recorded request."""
        with self._ledger.open() as book:
            record = book.state.submissions[submission]
            settings = book.state.settings().verify
        if self._direct is not None:
            job = _Job(submission, {}, (), steps_of(record))
            self._crew.add(partial(self._grade, self._direct, job, record))
            return
        seeds = self._vault.seeds("verify", record.content, count=settings.seeds)
        steps = plan(seeds, controls=settings.controls)
        job = _Job(submission, self._snapshots.files(record.snapshot), seeds, steps)
        for index in range(len(steps)):
            self._crew.add(partial(self._run, job, index))

    def _grade(self, direct: Direct, job: _Job, record: SubmissionRecord, _: int) -> None:
        job.begin()
        for index, run in enumerate(direct.runs(record, part="verify")):
            if job.add(index, run) and not self._crew.stopping.is_set():
                self._finish(job)

    def _run(self, job: _Job, index: int, slot: int) -> None:
        job.begin()
        work = partial(self._bench.run, job.files, job.steps[index], slot=slot, uid=self._uid(slot))
        run = guarded(work, otherwise=Run("error"), what=job.submission)
        if not self._crew.stopping.is_set() and job.add(index, run):
            self._finish(job)

    def settle(self) -> None:
        """Writes down what is computed and whose time has come, in the order of requests and after the marks.

        The Ladder goes by that order, so a repetition of a study has the same new bests, whichever run ends first.
        """
        settled = []
        with self._ledger.open() as book:
            while (done := self._next(book)) is not None:
                self._write(book, *done)
                settled.append(done[0].submission)
        for submission in settled:
            self.waiters.resolve(submission)
            self._finished(submission)

    def _next(self, book: Book) -> tuple[_Job, Verdict] | None:
        pending = (one for one in book.state.submissions.values() if one.door == "verify" and one.pending)
        first = next(pending, None)
        if first is None or first.id not in self._done or book.state.marks is None:
            return None
        if not self._slots.open(first.id, requested=first.requested, now=book.now):
            return None
        return self._done.pop(first.id)

    def _finish(self, job: _Job) -> None:
        runs = [job.runs[index] for index in range(len(job.steps))]
        real = [run for step, run in zip(job.steps, runs, strict=True) if step.variant == "real"]
        broken = Verdict("error", None, tuple(run.status for run in real))
        judge = partial(self._bench.judge, job.steps, runs)
        verdict = guarded(judge, otherwise=broken, what=job.submission)
        outcomes = [run.outcome for run in real] if verdict.status == "ok" else []
        job.suspicions = self._inspector.verified(job.submission, verdict.score, outcomes=outcomes)
        self._done[job.submission] = job, verdict
        self.settle()

    def _write(self, book: Book, job: _Job, verdict: Verdict) -> None:
        sandbox = self._bench.backend.describe()
        asked = book.state.submissions[job.submission]
        write_suspicions(book, job.suspicions, researcher=asked.researcher, submission=asked.id)
        book.write(
            Kind.VERIFY_FINISHED,
            "lab",
            _body(job, verdict, new_best=sandbox.rankable and _new_best(book.state, asked.id, verdict.score)),
            rankable=sandbox.rankable,
            missing=sorted(sandbox.missing),
            cpu_seconds=round(sum(run.cpu_seconds for run in job.runs.values()), 3),
            seconds=round(job.seconds, 3),
        )


def _new_best(state: State, submission: str, score: Score | None) -> bool:
    """Whether a score moves the Ladder: it needs a value, must owe something to the teacher, and no incident holds it.

    A row that is found valid later keeps its rank and does not become a new best: others may have passed it since.
    """
    if score is None or score.value is None or score.facts.get("teacher_free", False) is not False:
        return False
    if standing(state, submission):
        return False
    return beats(rung(score.facts), ladder_stands_at(state))


def _body(job: _Job, verdict: Verdict, *, new_best: bool) -> dict[str, Any]:
    return {
        "id": job.submission,
        "status": verdict.status,
        "seeds": job.seeds,
        "runs": verdict.runs,
        "controls": verdict.controls,
        "score": score_body(verdict.score) if verdict.score else None,
        "new_best": new_best,
    }
