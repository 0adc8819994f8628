"""Has each verified method read by the monitor, if the study has one. What nobody has read does not rank."""

from dataclasses import replace

from aarlab.integrity.case import Case
from aarlab.integrity.monitor.protocol import Monitor, Review, blank
from aarlab.integrity.monitor.verdict import suspicions
from aarlab.lab.budgets import free
from aarlab.lab.crew import Crew
from aarlab.lab.events import Kind
from aarlab.lab.incidents import write_suspicions
from aarlab.lab.inspection import Inspector
from aarlab.lab.ledger import Ledger
from aarlab.lab.standing import unread


class Reviews:
    """Reads one method after the other, in the order in which they were verified."""

    def __init__(self, ledger: Ledger, *, inspector: Inspector, monitor: Monitor | None, crew: Crew) -> None:
        """`crew` reads; without a monitor nothing is read and nothing waits for it."""
        self._ledger = ledger
        self._inspector = inspector
        self._monitor = monitor
        self._crew = crew

    def start(self) -> None:
        """Queues what was verified and not read before."""
        with self._ledger.open() as book:
            left = [record.id for record in book.state.submissions.values() if unread(book.state, record)]
        for submission in left:
            self.queue(submission)

    def queue(self, submission: str) -> None:
        """Has a verified method read."""
        if self._monitor is not None:
            self._crew.add(lambda _: self._read(submission))

    def _read(self, submission: str) -> None:
        assert self._monitor is not None
        with self._ledger.open() as book:
            record = book.state.submissions[submission]
            if not unread(book.state, record):
                return
        case = self._inspector.case(submission)
        review = self._reviewed(self._monitor, case)
        found = suspicions(review, case)
        if self._crew.stopping.is_set():
            return
        with self._ledger.open() as book:
            write_suspicions(book, found, researcher=record.researcher, submission=submission)
            body = {"id": submission, "content": review.content, "model": review.model, "trouble": review.trouble}
            book.write(Kind.REVIEW_FINISHED, "lab", body, **_spent(review))

    def _reviewed(self, monitor: Monitor, case: Case) -> Review:
        """A reading, for which its worst case is set aside; without money nobody reads and a person must."""
        worst = monitor.worst(case)
        with self._ledger.open() as book:
            if worst > max(0.0, free(book.state)):
                return replace(blank(case, model=monitor.name), trouble="money")
            if worst > 0:
                book.write(Kind.REVIEW_STARTED, "lab", {"id": case.id}, held=worst)
        return monitor.review(case)


def _spent(review: Review) -> dict[str, float]:
    return {"tokens_in": review.tokens_in, "tokens_out": review.tokens_out, "dollars": review.dollars or 0.0}
