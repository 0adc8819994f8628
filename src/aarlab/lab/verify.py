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
from aarlab.lab.events import Kind
from aarlab.lab.incidents import write_suspicions
from aarlab.lab.inspection import Inspector
from aarlab.lab.ladder import beats, rung
from aarlab.lab.ledger import Book, Ledger
from aarlab.lab.methods import require_snapshot, require_work
from aarlab.lab.rerun import Bench, Run, Step, Verdict, plan, score_body
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.standing import ladder_stands_at, standing
from aarlab.lab.state import State
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
    began: float = field(default_factory=time.monotonic)
    runs: dict[int, Run] = field(default_factory=dict)
    suspicions: tuple[Suspicion, ...] = ()
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, index: int, run: Run) -> bool:
        """Keeps a run; True for the one that completes the job."""
        with self.lock:
            self.runs[index] = run
            return len(self.runs) == len(self.steps)


class Verify:
    """Re-executes each method once, first come first served."""

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
    ) -> None:
        """`crew` computes; `uid` gives the host uid of a worker's sandboxes; `finished` is told of what is written."""
        self._finished = finished
        self._inspector = inspector
        self._ledger = ledger
        self._snapshots = snapshots
        self._vault = vault
        self._bench = bench
        self._crew = crew
        self._uid = uid
        self._done: dict[str, tuple[_Job, Verdict]] = {}
        self.running: set[str] = set()
        self.waiters = Waiters()

    def request(self, name: str, request: VerifyRequest) -> str:
        """Id of the submission, which is computed from now on. Raises ResearcherError."""
        with self._ledger.open() as book:
            views.member(book.state, name)
            content = require_snapshot(book.state, request.snapshot).content
            submission = submission_id(content)
            known = submission in book.state.submissions
            if not known:
                require_work(book.state, name, proposal=request.proposal, snapshot=request.snapshot)
                budgets.require(book.state, "verify")
                body = {"id": submission, "content": content, **request.model_dump()}
                book.write(Kind.VERIFY_REQUESTED, name, body)
        if not known:
            self.compute(submission)
        return submission

    def compute(self, submission: str) -> None:
        """Queues the runs of a recorded request."""
        with self._ledger.open() as book:
            record = book.state.submissions[submission]
            settings = book.state.settings().verify
        seeds = self._vault.seeds("verify", record.content, count=settings.seeds)
        steps = plan(seeds, controls=settings.controls)
        job = _Job(submission, self._snapshots.files(record.snapshot), seeds, steps)
        for index in range(len(steps)):
            self._crew.add(partial(self._run, job, index))

    def _run(self, job: _Job, index: int, slot: int) -> None:
        self.running.add(job.submission)
        work = partial(self._bench.run, job.files, job.steps[index], slot=slot, uid=self._uid(slot))
        run = guarded(work, otherwise=Run("error"), what=job.submission)
        if not self._crew.stopping.is_set() and job.add(index, run):
            self._finish(job)

    def settle(self) -> None:
        """Writes down what is computed, in the order of requests and after the marks, for the Ladder goes by it.

        So a repetition of a study has the same new bests, whichever run ends first.
        """
        settled = []
        with self._ledger.open() as book:
            while (done := self._next(book.state)) is not None:
                self._write(book, *done)
                settled.append(done[0].submission)
        for submission in settled:
            self.running.discard(submission)
            self.waiters.resolve(submission)
            self._finished(submission)

    def _next(self, state: State) -> tuple[_Job, Verdict] | None:
        pending = (record for record in state.submissions.values() if record.door == "verify" and record.pending)
        first = next(pending, None)
        return self._done.pop(first.id, None) if first is not None and state.marks is not None else None

    def _finish(self, job: _Job) -> None:
        runs = [job.runs[index] for index in range(len(job.steps))]
        broken = Verdict("error", None, tuple(run.status for run in runs[: len(job.seeds)]))
        judge = partial(self._bench.judge, job.steps, runs)
        verdict = guarded(judge, otherwise=broken, what=job.submission)
        real = [run.outcome for run in runs[: len(job.seeds)]] if verdict.status == "ok" else []
        job.suspicions = self._inspector.verified(job.submission, verdict.score, outcomes=real)
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
            seconds=round(time.monotonic() - job.began, 3),
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
