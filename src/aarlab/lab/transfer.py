"""A method carried to another domain: as it is, and with settings tuned on that domain's dev answers.

What is claimed comes from fresh draws alone. As it is, retuned, and the marks stand on the same draws, so that their
differences are paired; the tuning has seen the dev set only, which no draw holds.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal, TypeVar

from aarlab.canonical import digest, digest_json
from aarlab.errors import OperatorError, ResearcherError, UserError
from aarlab.lab.components import CONFIG, components_hash, require_components, with_settings
from aarlab.lab.crew import guarded
from aarlab.lab.dev import coarse, submission_id
from aarlab.lab.rerun import Bench, Made, Run, Verdict, plan, score_body
from aarlab.lab.snapshots import content_hash
from aarlab.lab.tuning import Bounds, Trial, Values, best, knobs, tune
from aarlab.lab.vault import Keys
from aarlab.problem.contract import BASELINE, Comparable, Portable
from aarlab.problem.registry import find
from aarlab.settings import ProblemSettings, StudyConfig
from aarlab.studyfile import validate_table

Way = Literal["as is", "retuned", "given"]
"""Unchanged; settings tuned here on dev answers; settings that somebody else has chosen."""
FIRST_TRIALS = 3
"""Of a tuning: when all of them have given the same students, no setting is read."""
Tell = Callable[[int, int, str], None]
"""Told of progress: done, in all, what."""
T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - no error
    """The journey was called off."""


def moved(config: StudyConfig, place: str, *, away: bool = True) -> StudyConfig:
    """The study's settings with its problem on other data, and no controls. `away`: it must be another domain.

    Raises UserError on a problem without domains, an unknown domain, a folder without data, and the domain it has.
    """
    kind = find(config.problem.kind)
    if not isinstance(kind, Portable):
        raise UserError(f'problem.kind "{config.problem.kind}" has one domain only, so nothing can be carried over')
    own = validate_table(kind.settings, config.problem.own(), source="settings", table="problem")
    there = kind.moved(own, to=place)
    if away and there == own:
        raise UserError(f"{place}: is the domain that the method comes from; name another one")
    return at_home(config, problem=ProblemSettings(kind=config.problem.kind, **there.model_dump(mode="json")))


def at_home(config: StudyConfig, *, problem: ProblemSettings | None = None) -> StudyConfig:
    """The settings without controls: what a method owes to its teacher was seen where it was verified."""
    verify = config.verify.model_copy(update={"controls": 0})
    return config.model_copy(update={"verify": verify, "problem": problem or config.problem})


@dataclass(frozen=True)
class Arrived:
    """What a method came to on another domain."""

    id: str
    """Of method, data, way and sizes: the same in every repetition with the same key."""
    way: Way
    verdict: Verdict
    files: Mapping[str, str]
    """As they were run."""
    outcomes: Sequence[Any] = ()
    """Of the real runs, when all were "ok"."""
    over: Mapping[str, Any] = field(default_factory=dict)
    """Differences to BASELINE, and of what was tuned to "as is", on the same draws: all items and each part."""
    trials: Sequence[Trial] = ()
    """Dev answers behind the settings."""
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Journey:
    """One method on one domain."""

    bench: Bench
    """Of that domain."""
    keys: Keys
    """From which draws, dev experiment and noise follow."""
    files: Mapping[str, str]
    """The method as it was verified."""
    count: int
    """Fresh draws."""
    answers: int = 0
    """Dev answers that the tuning may ask for; 0 = no tuning."""
    bounds: Bounds = field(default_factory=dict)
    """Of settings that are known by name."""
    given: str | None = None
    """Another config.json instead of a tuning."""
    uid: Callable[[int], int | None] = lambda _: None
    """Host uid of a worker's sandboxes."""
    tell: Tell = lambda *_: None
    """Told of progress."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Ends it early."""

    def check(self) -> None:
        """Raises UserError on settings that cannot be tuned, or whose components differ, before anything is run."""
        if self.answers:
            knobs(self.files, bounds=self.bounds)
        if self.given is not None:
            require_components(self.files, {**self.files, CONFIG: self.given})

    def ways(self) -> tuple[Way, ...]:
        """What there is to be computed."""
        more: tuple[Way, ...] = ("given",) if self.given is not None else ("retuned",) if self.answers else ()
        return ("as is", *more)

    def id(self, way: Way) -> str:
        """Names what is computed, before it is."""
        asked = {"as is": None, "retuned": self.answers, "given": digest((self.given or "").encode())}[way]
        data = self.bench.problem.digest
        return "t-" + digest_json([way, content_hash(self.files), data, self.count, asked])[:20]

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Of the fresh draws, for this method and this domain alone."""
        return self._own.seeds("draws", content_hash(self.files), count=self.count)

    @cached_property
    def marks(self) -> dict[str, Any]:
        """Scores of the marks on the same draws, as in the ledger."""
        problem = self.bench.problem
        if self._trials is None:
            found = problem.references(self.seeds)
        else:
            found = {name: problem.summarise(outcomes) for name, outcomes in self._trials.items()}
        return {name: score_body(score) for name, score in found.items()}

    def arrive(self, way: Way, *, before: Arrived | None = None) -> Arrived:
        """Trains and grades. `before` is the method as it is, for the difference.

        Raises Stopped, and OperatorError when the host cannot run a sandbox.
        """
        files, trials, used = self._prepared(way)
        if components_hash(files) != components_hash(self.files):
            raise OperatorError("the components of a method changed while its settings were tuned")
        steps = plan(self.seeds, controls=0)
        jobs = [partial(self._run, files, step) for step in steps]
        runs = self._side_by_side(jobs, what=f"fresh draws, {way}")
        outcomes = [run.outcome for run in runs]
        verdict = self.bench.judge(steps, runs)
        return Arrived(
            id=self.id(way),
            way=way,
            verdict=verdict,
            files=files,
            outcomes=outcomes if verdict.status == "ok" else (),
            over=self._over(outcomes, before) if verdict.status == "ok" else {},
            trials=trials,
            cpu_seconds=used + sum(run.cpu_seconds for run in runs),
        )

    @cached_property
    def _own(self) -> Keys:
        return Keys(self.keys.subkey("transfer", self.bench.problem.digest))

    @cached_property
    def _trials(self) -> Mapping[str, Sequence[Any]] | None:
        self._go_on()
        self.tell(0, self.count, "marks on the same draws")
        problem = self.bench.problem
        return problem.trials(self.seeds) if isinstance(problem, Comparable) else None

    def _over(self, outcomes: Sequence[Any], before: Arrived | None) -> dict[str, Any]:
        problem = self.bench.problem
        if not isinstance(problem, Comparable) or self._trials is None:
            return {}
        found = {BASELINE: dict(problem.differences(outcomes, self._trials[BASELINE]))}
        if before is not None and before.outcomes:
            found["as is"] = dict(problem.differences(outcomes, before.outcomes))
        return found

    def _prepared(self, way: Way) -> tuple[Mapping[str, str], Sequence[Trial], float]:
        """The files of a way, the dev answers behind them, and what these took."""
        if way == "as is":
            return self.files, (), 0.0
        if way == "given":
            return {**self.files, CONFIG: self.given or ""}, (), 0.0
        spent: list[float] = []
        seen: set[str] = set()
        trials = tune(
            knobs(self.files, bounds=self.bounds),
            answers=self.answers,
            seed=self._own.seed("tuning", content_hash(self.files)) % 2**32,
            ask=partial(self._ask, spent, seen),
        )
        chosen = best(trials)
        return (with_settings(self.files, chosen.settings) if chosen else self.files), trials, sum(spent)

    def _ask(self, spent: list[float], seen: set[str], settings: Values) -> float | None:
        """One dev answer, made as for a researcher: fresh students, their mean accuracy, noise and grid.

        Raises UserError when other settings give the very students that `seen` names.
        """
        dev, key = self.bench.config.dev, self._own.subkey("data")
        files = with_settings(self.files, settings)
        publish = partial(self.bench.problem.publish, key=key)
        jobs = [partial(self._student, files, publish, seed) for seed in range(dev.seeds)]
        made = self._side_by_side(jobs, what=f"dev answer {len(spent) + 1} of at most {self.answers}")
        spent.append(sum(one.cpu_seconds for one in made))
        students = [one.data for one in made if one.data is not None]
        if len(students) < len(made):
            return None
        try:
            raw = self.bench.problem.dev(students, key=key)
        except ResearcherError:
            return None
        named = submission_id([digest(student) for student in students])
        if len(spent) == FIRST_TRIALS and seen == {named}:
            raise UserError(
                f"there is nothing to retune: {FIRST_TRIALS} different {CONFIG} gave the very same students, so "
                "method.py does not read it, or none of its numbers matters on these data; leave out --retune"
            )
        seen.add(named)
        return coarse(raw, named, vault=self._own, settings=dev)

    def _student(self, files: Mapping[str, str], publish: Callable[..., None], seed: int, slot: int) -> Made:
        return self.bench.student(files, publish, seed=seed, slot=slot, uid=self.uid(slot))

    def _run(self, files: Mapping[str, str], step: Any, slot: int) -> Run:
        work = partial(self.bench.run, files, step, slot=slot, uid=self.uid(slot))
        return guarded(work, otherwise=Run("error"), what="a transfer")

    def _side_by_side(self, jobs: Sequence[Callable[[int], T]], *, what: str) -> list[T]:
        """The results of jobs in their order, each called with the number of its worker."""
        workers, found = self.bench.config.verify.parallel, list[T]()
        slots: queue.SimpleQueue[int] = queue.SimpleQueue()
        for slot in range(workers):
            slots.put(slot)

        def work(job: Callable[[int], T]) -> T:
            self._go_on()
            slot = slots.get()
            try:
                return job(slot)
            finally:
                slots.put(slot)

        with ThreadPoolExecutor(workers) as pool:
            try:
                for result in pool.map(work, jobs):
                    found.append(result)
                    self.tell(len(found), len(jobs), what)
            except BaseException:  # also Ctrl-C: what runs is ended before this is left
                self.stopping.set()
                self.bench.kill()
                raise
        self._go_on()
        return found

    def _go_on(self) -> None:
        if self.stopping.is_set():
            raise Stopped


def body(journey: Journey, arrived: Arrived, *, place: str, origin: bool) -> dict[str, Any]:
    """What of it stands in the ledger, and in the JSON of the command."""
    verdict, tuned = arrived.verdict, arrived.way != "as is"
    return {
        "id": arrived.id,
        "way": arrived.way,
        "place": place,
        "origin": origin,
        "problem": journey.bench.problem.card().name,
        "digest": journey.bench.problem.digest,
        "table": journey.bench.config.problem.model_dump(mode="json"),
        "components": components_hash(arrived.files),
        "settings": arrived.files.get(CONFIG) if tuned else None,
        "status": verdict.status,
        "seeds": journey.seeds,
        "runs": verdict.runs,
        "controls": {},
        "score": score_body(verdict.score) if verdict.score else None,
        "marks": journey.marks,
        "over": dict(arrived.over),
        "answers": len(arrived.trials),
        "tuning": [{"settings": dict(trial.settings), "answer": trial.answer} for trial in arrived.trials],
    }
