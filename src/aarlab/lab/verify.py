"""The verify door: a frozen method in, fresh trainings on draws that nobody has seen, one score out."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aarlab.lab import budgets, views
from aarlab.lab.crew import Crew, Waiters, guarded
from aarlab.lab.events import Kind
from aarlab.lab.ledger import Ledger
from aarlab.lab.methods import require_snapshot, require_work
from aarlab.lab.rerun import Bench, Run, Verdict
from aarlab.lab.snapshots import Snapshots
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
    began: float = field(default_factory=time.monotonic)
    runs: dict[int, Run] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, index: int, run: Run) -> bool:
        """Keeps a run; True for the one that completes the job."""
        with self.lock:
            self.runs[index] = run
            return len(self.runs) == len(self.seeds)


class Verify:
    """Re-executes each method once, first come first served."""

    def __init__(
        self,
        ledger: Ledger,
        snapshots: Snapshots,
        *,
        vault: Vault,
        bench: Bench,
        crew: Crew,
        uid: Callable[[int], int | None],
    ) -> None:
        """`crew` computes; `uid` gives the host uid of a worker's sandboxes."""
        self._ledger = ledger
        self._snapshots = snapshots
        self._vault = vault
        self._bench = bench
        self._crew = crew
        self._uid = uid
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
            count = book.state.settings().verify.seeds
        seeds = self._vault.seeds("verify", record.content, count=count)
        job = _Job(submission, self._snapshots.files(record.snapshot), seeds)
        for index in range(count):
            self._crew.add(partial(self._run, job, index))

    def _run(self, job: _Job, index: int, slot: int) -> None:
        self.running.add(job.submission)
        work = partial(self._bench.run, job.files, job.seeds[index], slot=slot, uid=self._uid(slot))
        run = guarded(work, otherwise=Run("error"), what=job.submission)
        if not self._crew.stopping.is_set() and job.add(index, run):
            self._finish(job)

    def _finish(self, job: _Job) -> None:
        runs = [job.runs[index] for index in range(len(job.seeds))]
        broken = Verdict("error", None, tuple(run.status for run in runs))
        verdict = guarded(partial(self._bench.judge, runs), otherwise=broken, what=job.submission)
        sandbox = self._bench.backend.describe()
        with self._ledger.open() as book:
            book.write(
                Kind.VERIFY_FINISHED,
                "lab",
                _body(job, verdict),
                rankable=sandbox.rankable,
                missing=sorted(sandbox.missing),
                cpu_seconds=round(sum(run.cpu_seconds for run in runs), 3),
                seconds=round(time.monotonic() - job.began, 3),
            )
        self.running.discard(job.submission)
        self.waiters.resolve(job.submission)


def score_body(score: Score) -> dict[str, Any]:
    """A score as it stands in the ledger."""
    return {
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "facts": dict(score.facts),
        "refusal": score.refusal,
    }


def _body(job: _Job, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": job.submission,
        "status": verdict.status,
        "seeds": job.seeds,
        "runs": verdict.runs,
        "score": score_body(verdict.score) if verdict.score else None,
    }
