"""A long study in the ledger within seconds: the lab's own desks and the toy's own grading, without sandboxes.

What researchers do goes through the real desks. In place of processes that would run for hours, each method's student
is graded here on draws of the toy problem, and the entry is written as the verifier would write it.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.lab.events import Kind
from aarlab.lab.forum import Forum
from aarlab.lab.heads import Signer
from aarlab.lab.incidents import Incidents
from aarlab.lab.ledger import Ledger
from aarlab.lab.methods import Methods
from aarlab.lab.notary import Notary
from aarlab.lab.office import Office
from aarlab.lab.rerun import score_body
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.sqlite_store import SqliteStore
from aarlab.lab.verify import submission_id
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from aarlab.studyfile import build_config, dump_study
from aarlab.wire import (
    FindingRequest,
    ProposalRequest,
    RaiseRequest,
    ResearcherRequest,
    SessionRequest,
    SnapshotRequest,
    UsageRequest,
)
from tests.support.lab import SETTINGS
from tests.support.toy import ToyProblem, ToySettings

SECRET_HOST = "host-that-nobody-knows.example"
"""Stands for the machine's name in what the study notes of its host."""
START = 1_800_000_000.0
STEP = 20.0
"""Seconds between two submissions, and two entries."""
SEEDS = 4


@dataclass
class _Clock:
    """Time that passes as fast as the study is written."""

    now: float = START

    def __call__(self) -> float:
        return self.now


class Campaign:
    """Writes one study and closes it."""

    def __init__(self, root: Path, *, researchers: int = 9, code: str = "") -> None:
        """`code` is appended to every method, to give it a realistic size."""
        root.mkdir(parents=True, exist_ok=True)
        self.paths = StudyPaths(root.resolve())
        self.config = _config(researchers)
        self.paths.config.write_text(dump_study(self.config))
        self._code, self._clock, self._toy = code, _Clock(), ToyProblem(ToySettings())
        self._notary = Notary(self.paths, Signer(b"c" * 32, study="campaign"), fatal=_fatal, clock=self._clock)
        self._ledger = Ledger(
            SqliteStore(self.paths.database), fatal=_fatal, clock=self._clock, durable=self._notary.saw
        )
        self._snapshots = Snapshots(self.paths.snapshots)
        limits = self.config.limits
        self._methods = Methods(self._ledger, self._snapshots, limits=limits)
        self._forum, self._office = Forum(self._ledger, limits=limits), Office(self._ledger)
        self._incidents = Incidents(self._ledger, limits=limits)
        self._who = [f"r{number}" for number in range(1, researchers + 1)]

    def write(self, submissions: int) -> StudyPaths:
        """The whole study: nine of ten submissions are verified, one is a dev answer; some are held by incidents."""
        self._notary.start(self._ledger)
        self._begin()
        for number in range(submissions):
            self._submit(number)
        self._office.session(SessionRequest(action="end", reason="all is done", finished=True))
        self._ledger.close()
        self._notary.close()
        return self.paths

    def _begin(self) -> None:
        body = {"config": self.config.model_dump(mode="json"), "problem": "toy/threshold", "digest": self._toy.digest}
        self._put(Kind.STUDY_CREATED, "lab", body, key=self._notary.key, metric="PGR")
        host = {"system": f"Linux on {SECRET_HOST}", "python": "3.11"}
        facts = {"backend": "bubblewrap", "enforced": ["files", "network"], "missing": {"disk": "no quota"}}
        self._put(Kind.LAB_STARTED, "lab", {}, host=host, runtime="0" * 64, version="0", **facts)
        self._office.session(SessionRequest(action="start", host={"node": SECRET_HOST}))
        marks = {name: score_body(score) for name, score in self._toy.references(range(SEEDS)).items()}
        self._put(Kind.MARKS_SCORED, "lab", {"seeds": list(range(SEEDS)), "marks": marks}, seconds=1.0)
        for name in self._who:
            self._office.admit(ResearcherRequest(name=name, mind="search", direction="any"))

    def _submit(self, number: int) -> None:
        name = self._who[number % len(self._who)]
        self._clock.now += STEP
        cut = 0.5 + ((number * 7919) % 1000 - 500) / 4000
        files = {"method.py": f"def train(data, seed):\n    return b'{cut}'  # {number}\n{self._code}"}
        snapshot = self._methods.freeze(name, SnapshotRequest(files=files, message=f"try {number}"))
        words = f"Cut at {cut}: <script>alert({number})</script>"
        plan = self._methods.propose(name, ProposalRequest(title=f"cut {number} <b>", text=words, family="other"))
        if number % 10 == 9:
            self._dev(number, name, snapshot, plan)
            return
        found = self._verify(name, snapshot, plan, cut)
        kind: Any = "result" if number % 3 else "negative result"
        self._forum.post(name, FindingRequest(kind=kind, title=f"cut {number}", text=words, submission=found))
        use = UsageRequest(researcher=name, experiments=1, cpu_seconds=9.0, wall_seconds=10.0)
        self._office.report_usage(use)
        if number % 50 == 1:
            self._incidents.raise_(RaiseRequest(submission=found, words="A person has to look at this."))

    def _dev(self, number: int, name: str, snapshot: str, plan: str) -> None:
        submission = f"d-{number:020d}"
        asked = {"id": submission, "snapshot": snapshot, "proposal": plan, "students": [], "protocol": "method"}
        self._put(Kind.DEV_REQUESTED, name, asked)
        self._put(Kind.DEV_ANSWERED, "lab", {"id": submission, "status": "ok", "answer": 0.9}, seconds=0.1)

    def _verify(self, name: str, snapshot: str, plan: str, cut: float) -> str:
        with self._ledger.open() as book:
            content = book.state.snapshots[snapshot].content
        submission = submission_id(content)
        asked = {"snapshot": snapshot, "content": content, "proposal": plan, "students": [], "protocol": "method"}
        self._put(Kind.VERIFY_REQUESTED, name, {"id": submission, **asked})
        outcomes = [self._toy.draw(seed).grade(str(cut).encode()) for seed in range(SEEDS)]
        score = self._toy.summarise(outcomes)
        body: dict[str, Any] = {"id": submission, "status": "ok"}
        body |= {"seeds": list(range(SEEDS)), "runs": ["ok"] * SEEDS, "controls": {}}
        body |= {"score": score_body(score), "new_best": False}
        self._put(Kind.VERIFY_FINISHED, "lab", body, rankable=True, missing=["disk"], cpu_seconds=4.0, seconds=2.0)
        return submission

    def _put(self, kind: Kind, actor: str, body: dict[str, Any], **meta: Any) -> None:
        with self._ledger.open() as book:
            book.write(kind, actor, body, **meta)


def campaign(root: Path, *, submissions: int, code: str = "") -> tuple[StudyPaths, float]:
    """A closed study, and the seconds that it took to write it."""
    began = time.perf_counter()
    paths = Campaign(root, code=code).write(submissions)
    return paths, time.perf_counter() - began


def _config(researchers: int) -> StudyConfig:
    budget = {"minutes": 10_000.0, "verifications": 10_000, "dev_answers": 10_000, "experiments": 10_000}
    tables = {**SETTINGS, "study": {"name": "campaign", "researchers": researchers}, "budget": budget}
    return build_config(tables, source="campaign")


def _fatal(error: Exception) -> None:
    raise error
