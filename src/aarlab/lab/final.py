"""The final set: finalists are named, it is opened once, and nothing is scored after that.

Nothing of it influences a byte that anybody saw before. So, whatever a campaign did, all finalists' accuracies are
within sqrt(ln(2 K / delta) / (2 m)) of the truth at once with probability 1 - delta (Hoeffding, m items, K finalists).
"""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aarlab.errors import UserError
from aarlab.lab.crew import Crew, guarded
from aarlab.lab.direct import Direct, steps_of
from aarlab.lab.events import Kind
from aarlab.lab.ledger import Book, Ledger
from aarlab.lab.office import fresh, request_meta
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.rerun import Bench, Run, Step, Verdict, score_body
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.standing import RANKS, standing
from aarlab.lab.state import State
from aarlab.lab.vault import Vault
from aarlab.problem.contract import Score
from aarlab.wire import FinalRequest

DELTA = 0.05
"""Chance that the simultaneous interval misses one of the finalists."""
OPENED = "the final set of this study was opened; it is never opened a second time"


def half_width(independent: int, *, finalists: int, delta: float = DELTA) -> float:
    """How far at most `finalists` accuracies on `independent` items are from the truth, all at once."""
    return math.sqrt(math.log(2 * finalists / delta) / (2 * independent))


@dataclass
class _Opening:
    """The one opening, under way."""

    seeds: Mapping[str, tuple[int, ...]]
    """Of each finalist; none where files are graded."""
    steps: Mapping[str, tuple[Step, ...]]
    """What each finalist's runs are."""
    marks_seeds: tuple[int, ...]
    """Of the marks."""
    began: float = field(default_factory=time.monotonic)
    runs: dict[tuple[str, int], Run] = field(default_factory=dict)
    marks: dict[str, Score] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def complete(self) -> bool:
        """Whether everything was computed."""
        return self.marks is not None and len(self.runs) == sum(len(steps) for steps in self.steps.values())


class Final:
    """The operator's desk for the end of a study."""

    def __init__(
        self,
        ledger: Ledger,
        snapshots: Snapshots,
        *,
        vault: Vault,
        bench: Bench,
        crew: Crew,
        uid: Callable[[int], int | None],
        direct: Direct | None,
    ) -> None:
        """`crew` computes; `uid` gives the host uid of a worker's sandboxes; `direct` as in Verify."""
        self._ledger = ledger
        self._snapshots = snapshots
        self._vault = vault
        self._bench = bench
        self._crew = crew
        self._uid = uid
        self._direct = direct

    def name(self, request: FinalRequest, *, id: str | None = None) -> None:
        """Names the finalists, anew if need be. Raises UserError on what is no verified submission, or too late."""
        with self._ledger.open() as book:
            if fresh(book, id):
                _require_closed(book.state)
                _check(book.state, request.submissions)
                body = {"finalists": request.submissions}
                book.write(Kind.FINAL_NAMED, "operator", body, **request_meta(id))

    def open(self, *, id: str | None = None) -> None:
        """Has the final set opened, once. Raises UserError before the naming, and for ever after the first time."""
        with self._ledger.open() as book:
            if not fresh(book, id):
                return
            _require_closed(book.state)
            _require_ready(book.state)
            book.write(Kind.FINAL_OPENING, "operator", {}, **request_meta(id))
        self.compute()

    def compute(self) -> None:
        """Queues the runs of a recorded opening; after a crash all of them again, with the same outcome."""
        with self._ledger.open() as book:
            named = [book.state.submissions[entry] for entry in _finalists(book)]
            count = book.state.settings().verify.seeds
        opening = self._opening(named, count=count)
        self._crew.add(partial(self._score_marks, opening))
        for record in named:
            self._queue(opening, record)

    def _opening(self, named: Sequence[SubmissionRecord], *, count: int) -> _Opening:
        marks_seeds = self._vault.seeds("final marks", count=count)
        if self._direct is not None:
            return _Opening(
                dict.fromkeys((record.id for record in named), ()), {r.id: steps_of(r) for r in named}, marks_seeds
            )
        seeds = {record.id: self._vault.seeds("final", record.content, count=count) for record in named}
        steps = {name: tuple(Step(seed, part="final") for seed in found) for name, found in seeds.items()}
        return _Opening(seeds, steps, marks_seeds)

    def _queue(self, opening: _Opening, record: SubmissionRecord) -> None:
        if self._direct is not None:
            self._crew.add(partial(self._grade, self._direct, opening, record))
            return
        files = self._snapshots.files(record.snapshot)
        for index in range(len(opening.steps[record.id])):
            self._crew.add(partial(self._run, opening, record, files, index))

    def _grade(self, direct: Direct, opening: _Opening, record: SubmissionRecord, _: int) -> None:
        graded = {(record.id, index): run for index, run in enumerate(direct.runs(record, part="final"))}
        self._add(opening, lambda: opening.runs.update(graded))

    def _run(self, opening: _Opening, record: SubmissionRecord, files: dict[str, str], index: int, slot: int) -> None:
        step = opening.steps[record.id][index]
        work = partial(self._bench.run, files, step, slot=slot, uid=self._uid(slot))
        run = guarded(work, otherwise=Run("error"), what=f"{record.id} on the final set")
        self._add(opening, lambda: opening.runs.update({(record.id, index): run}))

    def _score_marks(self, opening: _Opening, _: int) -> None:
        seeds = opening.marks_seeds
        if self._direct is not None:
            marks = dict(self._direct.marks(seeds, part="final"))
        else:
            marks = dict(self._bench.problem.references(seeds, part="final"))
        self._add(opening, lambda: setattr(opening, "marks", marks))

    def _add(self, opening: _Opening, keep: Callable[[], None]) -> None:
        with opening.lock:
            keep()
            complete = opening.complete()
        if complete and not self._crew.stopping.is_set():
            self._finish(opening)

    def _finish(self, opening: _Opening) -> None:
        found = {name: self._judge(opening, name) for name in opening.seeds}
        independent = self._bench.problem.card().facts["sets"]["final"]["independent"]
        body = {
            "finalists": {name: _body(opening, name, verdict) for name, verdict in found.items()},
            "marks": {
                "seeds": opening.marks_seeds,
                "scores": {name: score_body(score) for name, score in (opening.marks or {}).items()},
            },
            "independent": independent,
            "half_width": round(half_width(independent, finalists=len(found)), 10),
        }
        used = round(sum(run.cpu_seconds for run in opening.runs.values()), 3)
        with self._ledger.open() as book:
            seconds = round(time.monotonic() - opening.began, 3)
            book.write(Kind.FINAL_OPENED, "lab", body, cpu_seconds=used, seconds=seconds)

    def _judge(self, opening: _Opening, name: str) -> Verdict:
        steps = opening.steps[name]
        runs = [opening.runs[name, index] for index in range(len(steps))]
        broken = Verdict("error", None, tuple(run.status for run in runs))
        return guarded(partial(self._bench.judge, steps, runs), otherwise=broken, what=f"{name} on the final set")


def _finalists(book: Book) -> tuple[str, ...]:
    assert book.state.final is not None
    return book.state.final.finalists


def _body(opening: _Opening, name: str, verdict: Verdict) -> dict[str, Any]:
    score = score_body(verdict.score) if verdict.score else None
    return {"status": verdict.status, "seeds": opening.seeds[name], "runs": verdict.runs, "score": score}


def _require_closed(state: State) -> None:
    if state.closed:
        raise UserError(OPENED)


def _require_ready(state: State) -> None:
    if state.final is None:
        raise UserError("name the finalists first: aarlab final SUBMISSION...")
    if pending := sum(record.pending for record in state.submissions.values()):
        raise UserError(f"{pending} submissions are still being scored; open the final set when they are done")
    for submission in state.final.finalists:
        _check_standing(state, submission)


def _check(state: State, submissions: tuple[str, ...]) -> None:
    most = state.settings().final.finalists
    if not 1 <= len(submissions) <= most or len(set(submissions)) < len(submissions):
        raise UserError(f"1 to {most} finalists are named, each once (final.finalists); these are {len(submissions)}")
    for submission in submissions:
        record = state.submissions.get(submission)
        if record is None or record.door != "verify":
            raise UserError(f"{submission}: there is no such verified submission; `aarlab board` lists them")
        if not record.ranks:
            raise UserError(f"{submission}: does not rank, so it cannot be a finalist ({record.status})")
        _check_standing(state, submission)


def _check_standing(state: State, submission: str) -> None:
    if (word := standing(state, submission)) not in RANKS:
        raise UserError(f"{submission}: is {word}, so it cannot be a finalist; `aarlab incidents` says why")
