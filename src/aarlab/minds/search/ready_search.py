"""The researcher without a language model, on a problem that has ready-made methods instead of parts.

Like `mind.Search` it asks dev, tells all and sends its best to verify; every decision depends on its seed, the lab's
answers and counts, never on the clock.
"""

from aarlab.errors import ResearcherError
from aarlab.minds.protocol import Workbench
from aarlab.minds.search.desk import Desk
from aarlab.minds.search.memory import FILE, MAX_BYTES, Memory, Trial
from aarlab.minds.search.posts import INTRODUCTION
from aarlab.minds.search.ready import Shelf
from aarlab.wire import FindingRequest, Submission

WHY = "It is one of the ready-made methods of the problem, with settings that I have not tried."


class ReadySearch:
    """One session."""

    def __init__(self, bench: Workbench, shelf: Shelf) -> None:
        self._bench = bench
        self._shelf = shelf
        self._desk = Desk(bench, words=shelf)
        saved = bench.get(FILE, max_bytes=MAX_BYTES)
        self._memory = Memory(lambda data: bench.put(FILE, data), saved=saved, known=shelf.has)

    def run(self) -> None:
        """Works until it is told to stop, its share is used up or everything was tried."""
        self._bench.log(f"direction: {self._bench.me.direction}")
        for sent in [one for one in self._memory.sent if not one.verdict]:
            self._conclude(sent, self._bench.door.submission(sent.verify))
        while not self._bench.should_stop() and self._may_go_on() and (trial := self._next()) is not None:
            try:
                self._attempt(trial)
            except ResearcherError as error:
                if error.code == "budget":
                    self._bench.log(f"goes no further: {error}")
                    break
                if error.code != "paused":
                    raise
        self._finish()

    def _may_go_on(self) -> bool:
        bench = self._bench
        return len(self._memory.scored) < bench.share.dev_answers and bench.experiments_left() >= bench.me.dev_seeds

    def _next(self) -> Trial | None:
        memory = self._memory
        if memory.unfinished is not None:
            return memory.unfinished
        tried = {trial.number: (trial.recipe, trial.answer) for trial in memory.trials}
        plain = self._shelf.next(tried, seed=self._bench.me.seed)
        if plain is None:
            return None
        trial = Trial(len(memory.trials), dict(plain))
        memory.add(trial)
        return trial

    def _attempt(self, trial: Trial) -> None:
        """From a candidate to a dev answer and a post."""
        title = self._shelf.title(trial.recipe)
        self._bench.log(f"trial {trial.number}: {title}")
        files = self._desk.write(trial, why=WHY)
        for group in self._desk.groups():
            trained = self._desk.train(trial, seeds=group)
            if trained.checks is None:
                self._memory.update(trial, state="failed", why=trained.why)
                text = f"In my sandbox: {trained.why}\n"
                self._post(FindingRequest(kind="error", title=f"Does not run: {title}"[:200], text=text))
                return
        trial = self._memory.update(trial, proposal=self._desk.propose(trial, why=WHY))
        trial = self._memory.update(trial, snapshot=self._desk.freeze(trial, files))
        self._scored(trial, self._desk.await_answer(self._desk.ask_dev(trial)))

    def _scored(self, trial: Trial, answer: Submission) -> None:
        if answer.answer is None:
            self._memory.update(trial, state="failed", why=f"dev said {answer.status}")
            return
        before = self._memory.best
        better = before is None or answer.answer > (before.answer or 0.0)
        compared = f" Before it my best was submission {before.submission}." if before else ""
        said = f"{'My best' if better else 'Not my best'} dev answer so far: submission {answer.id}.{compared}\n"
        title = self._shelf.title(trial.recipe)[:200]
        kind = "result" if better else "negative result"
        finding = self._post(FindingRequest(kind=kind, title=title, text=said, submission=answer.id))
        self._bench.log(f"trial {trial.number}: dev says {answer.answer:.3f}{' (best so far)' if better else ''}")
        self._memory.update(trial, state="scored", submission=answer.id, answer=answer.answer, finding=finding)

    def _finish(self) -> None:
        """Sends the best of each method to verify, best first, as far as the share goes."""
        first = {trial.recipe["method"]: trial for trial in reversed(self._memory.scored)}
        best = [trial for trial in self._memory.scored if first[trial.recipe["method"]] is trial and not trial.verify]
        for trial in best[: max(0, self._bench.share.verifications - len(self._memory.sent))]:
            self._bench.should_stop()
            try:
                sent = self._desk.ask_verify(trial)
            except ResearcherError as error:
                if error.code != "budget":
                    raise
                self._bench.log(f"cannot verify: {error}")
                break
            self._conclude(self._memory.update(trial, verify=sent.id), sent)
        self._bench.door.save_notes(self._notes())
        self._bench.log("has finished")

    def _notes(self) -> str:
        """Its memory in words; what it needs to go on is in its workspace."""
        lines = [f"# Notes\n\n{INTRODUCTION}\n"]
        for trial in self._memory.scored:
            sent = f", verified as {trial.verify}" if trial.verify else ""
            lines.append(f"- {self._shelf.title(trial.recipe)} (submission {trial.submission}{sent})")
        return "\n".join(lines) + "\n"

    def _conclude(self, trial: Trial, submission: Submission) -> None:
        answer = self._desk.await_answer(submission)
        self._bench.log(f"trial {trial.number}: verify says {answer.status}")
        held = answer.value is not None and (answer.low or 0.0) > 0
        head = "Verified" if held else "Did not hold"
        said = "It held on fresh draws." if held else f"{answer.refusal or 'The lower bound is not above 0'}."
        self._post(
            FindingRequest(
                kind="result" if held else "correction",
                title=f"{head}: {self._shelf.title(trial.recipe)}"[:200],
                text=f"{said} Dev was {trial.submission}.\n",
                submission=trial.verify,
                corrects=None if held else trial.finding,
                cites=(trial.snapshot,),
            )
        )
        self._memory.update(trial, verdict=answer.status, value=answer.value, low=answer.low)

    def _post(self, finding: FindingRequest) -> str:
        return self._bench.door.finding(finding)
