"""The researcher without a language model: asks an optimiser, writes a method, checks it, asks the lab, tells all.

Every decision depends on the researcher's seed, the lab's answers and counts, never on the clock.
"""

from collections.abc import Sequence
from dataclasses import replace

from aarlab.errors import ResearcherError
from aarlab.minds.directions import family_of
from aarlab.minds.protocol import Workbench
from aarlab.minds.search import checks, compose, posts
from aarlab.minds.search.desk import Desk
from aarlab.minds.search.memory import FILE, MAX_BYTES, Memory, Trial
from aarlab.minds.search.others import Library, Other
from aarlab.minds.search.policy import due, finalists
from aarlab.minds.search.ready import Shelf
from aarlab.minds.search.ready_search import ReadySearch
from aarlab.minds.search.sampler import Sampler
from aarlab.minds.search.space import Recipe
from aarlab.wire import Finding, FindingRequest, Submission, VoteRequest

FAILURES = 8
"""After so many failures in a row something is wrong with more than the candidates."""
REFLECT = 6
"""Every so many dev answers, or dropped candidates, something is said about all of them."""


class SearchMind:
    """See `minds.protocol.Mind`."""

    def __init__(self, *, patience: int, prescribed: bool = False) -> None:
        """`patience`: trials without a better dev answer before it looks for another's method to adopt.

        `prescribed`: it goes through the parts of a method in a fixed order (`stages`) and adopts nothing.
        """
        self._patience, self._prescribed = patience, prescribed

    def run(self, bench: Workbench) -> None:
        """Works until it is told to stop or its share is used up, then sends its best to verify."""
        if (shelf := Shelf.of(bench.card)) is not None:
            ReadySearch(bench, shelf).run()
        else:
            Search(bench, patience=self._patience, prescribed=self._prescribed).run()


class Search:
    """One session of a search mind."""

    def __init__(self, bench: Workbench, *, patience: int, prescribed: bool) -> None:
        self._bench = bench
        self._prescribed = prescribed
        self._patience = patience
        self._desk = Desk(bench)
        self._library = Library(bench.door, name=bench.me.name)
        self._memory = Memory(lambda data: bench.put(FILE, data), saved=bench.get(FILE, max_bytes=MAX_BYTES))
        first = max(2, min(6, bench.share.dev_answers // 3))
        self._sampler = Sampler(family=family_of(bench.me.direction), seed=bench.me.seed, first=first)

    def run(self) -> None:
        """The loop."""
        self._sampler.warm_up()
        self._begin()
        while not self._bench.should_stop() and self._may_go_on():
            try:
                self._step()
            except ResearcherError as error:
                if error.code == "budget":
                    self._bench.log(f"goes no further: {error}")
                    break
                if error.code != "paused":
                    raise
        self._finish()

    def _begin(self) -> None:
        bench = self._bench
        bench.log(f"direction: {bench.me.direction}")
        for trial in [trial for trial in self._memory.sent if not trial.verdict]:
            self._conclude(trial, bench.door.submission(trial.verify))
        if not self._memory.trials:
            self._post(posts.hypothesis(bench.me.direction, self._sampler.preview()))

    def _may_go_on(self) -> bool:
        share, memory = self._bench.share, self._memory
        recent = memory.trials[-FAILURES:]
        if len(recent) == FAILURES and all(trial.state == "failed" for trial in recent):
            raise ResearcherError(f"the last {FAILURES} candidates failed, the last one with {recent[-1].why}")
        return len(memory.scored) < share.dev_answers and self._bench.experiments_left() > self._bench.me.dev_seeds

    def _step(self) -> None:
        others = self._library.read(self._posts())
        trial = self._memory.unfinished or self._next(others)
        if trial is None:
            raise ResearcherError("nothing new was found to try", code="budget")
        self._bench.log(f"trial {trial.number}: {compose.title(Recipe(**trial.recipe))}")
        trial = self._attempt(trial)
        self._reflect(trial)
        if (chosen := due(self._memory, self._bench.share)) is not None:
            self._verify(chosen)

    def _posts(self) -> Sequence[Finding]:
        """What it can know of the others' work; where that takes a search, by the words of its own best method."""
        posts, best = self._bench.findings(), self._memory.best
        if self._bench.me.forum != "search" or best is None:
            return posts
        return (*posts, *self._bench.door.search_forum(compose.title(Recipe(**best.recipe))))

    def _next(self, others: list[Other]) -> Trial | None:
        memory = self._memory
        if self._prescribed:
            staged = self._sampler.staged(memory.trials, best=memory.best)
            return self._started(staged, parents=()) if staged else None
        best = memory.best
        ahead = [other for other in others if best is None or other.answer > (best.answer or 0.0)]
        if ahead and memory.since_best() >= self._patience:
            return self._adopted(ahead[0])
        foreign = [(other.recipe, other.answer) for other in others]
        recipe = self._sampler.ask(memory.trials, foreign=foreign)
        return self._started(recipe, parents=()) if recipe else None

    def _adopted(self, other: Other) -> Trial | None:
        self._bench.log(f"builds on method {other.snapshot}")
        self._bench.door.vote(other.finding, VoteRequest(value=1))
        recipe = self._sampler.mutated(other.recipe, self._memory.trials)
        return self._started(recipe, parents=(other.snapshot,)) if recipe else None

    def _started(self, recipe: Recipe, *, parents: tuple[str, ...]) -> Trial:
        trial = Trial(len(self._memory.trials), recipe.plain(), parents=parents)
        self._memory.add(trial)
        return trial

    def _attempt(self, trial: Trial) -> Trial:
        """From a recipe to a dev answer, unless something speaks against it on the way."""
        why = posts.reason(trial)
        files = self._desk.write(trial, why=why)
        groups = self._desk.groups()
        for group in groups:
            trained = self._desk.train(trial, seeds=group)
            if trained.checks is None:
                return self._memory.update(trial, state="failed", why=trained.why)
            trial = self._gated(trial, trained.checks, first=group is groups[0])
            if trial.state != "started":
                return trial
            if not trial.proposal:
                trial = self._memory.update(trial, proposal=self._desk.propose(trial, why=why))
        trial = self._memory.update(trial, snapshot=self._desk.freeze(trial, files))
        return self._scored(trial, self._desk.await_answer(self._desk.ask_dev(trial)))

    def _gated(self, trial: Trial, found: checks.Checks, *, first: bool) -> Trial:
        against = checks.objection(found)
        twin = self._memory.twin(trial, fingerprint=found.name, profile=found.profile) if first else None
        if twin is not None:
            against = f"the same predictions as trial {twin.number}, or nearly"
        if against:
            self._bench.log(f"trial {trial.number} dropped: {against}")
            return self._memory.update(trial, state="pruned", why=against)
        return self._memory.update(trial, fingerprint=found.name, profile=found.profile) if first else trial

    def _scored(self, trial: Trial, answer: Submission) -> Trial:
        if answer.answer is None:
            return self._memory.update(trial, state="failed", why=f"dev said {answer.status}")
        before = self._memory.best
        told = replace(trial, state="scored", submission=answer.id, answer=answer.answer)
        best = before is None or answer.answer > (before.answer or 0.0)
        self._bench.log(f"trial {trial.number}: dev says {answer.answer:.3f}{' (best so far)' if best else ''}")
        # Posted before it is remembered: who is killed in between says the same words again, and they are one post.
        finding = self._post(posts.better(told, before) if best or before is None else posts.worse(told, before))
        return self._memory.update(trial, state="scored", submission=answer.id, answer=answer.answer, finding=finding)

    def _reflect(self, trial: Trial) -> None:
        """What is said about many trials together, and the notes."""
        memory = self._memory
        dropped = [one for one in memory.trials if one.state == "pruned"]
        failed = [one for one in memory.trials if one.state == "failed"]
        if trial.state == "scored" and len(memory.scored) % REFLECT == 0 and (said := posts.insight(memory)):
            self._post(said)
        if trial.state == "pruned" and len(dropped) % REFLECT == 0:
            self._post(posts.dead_end(dropped))
        if trial.state == "failed" and len(failed) == 1:
            self._post(posts.failure(trial))
        if trial.state == "scored" and memory.best == trial:
            self._bench.door.save_notes(posts.notes(memory))

    def _finish(self) -> None:
        """Sends the best to verify, and what is near it as far as the share goes."""
        for trial in finalists(self._memory, self._bench.share):
            self._bench.should_stop()
            try:
                self._verify(trial)
            except ResearcherError as error:
                if error.code != "budget":
                    raise
                self._bench.log(f"cannot verify: {error}")
                break
        self._bench.door.save_notes(posts.notes(self._memory))
        self._bench.log("has finished")

    def _verify(self, trial: Trial) -> None:
        self._bench.log(f"sends trial {trial.number} to verify")
        sent = self._desk.ask_verify(trial)
        self._conclude(self._memory.update(trial, verify=sent.id), sent)

    def _conclude(self, trial: Trial, submission: Submission) -> None:
        answer = self._desk.await_answer(submission)
        self._bench.log(f"trial {trial.number}: verify says {answer.status}")
        self._post(posts.verified(replace(trial, verdict=answer.status, value=answer.value, low=answer.low), answer))
        self._memory.update(trial, verdict=answer.status, value=answer.value, low=answer.low)

    def _post(self, finding: FindingRequest) -> str:
        return self._bench.door.finding(finding)
