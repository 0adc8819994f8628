"""From a review to a suspicion. What nobody has read whole, without doubt, does not rank: a person looks first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aarlab.integrity.case import Case, Level, Suspicion
from aarlab.integrity.detectors.injection import prompt_injection
from aarlab.integrity.monitor.material import material, read_hash
from aarlab.integrity.monitor.protocol import Answer, Review, checked, complete
from aarlab.integrity.monitor.questions import Question, questions, questions_hash

DETECTOR = "monitor"
ADDRESSED = "monitor-address"
"""Where a model reads, text that speaks to it holds the row; elsewhere it is a warning."""
UNREAD = "The monitor could not read this method, so a person must."
DISAGREES = "The monitor's readings of this method disagree, so a person must read it."
UNSURE = "The monitor could not tell whether this method is honest, so a person must."
_QUOTES = 12


@dataclass(frozen=True)
class _Point:
    """One thing that a review comes to."""

    level: Level
    words: str


def suspicions(review: Review, case: Case) -> tuple[Suspicion, ...]:
    """What follows from `review`, and from text in the case that speaks to its reader: at most one suspicion each.

    No suspicion means that the monitor has nothing against the method, which is no proof of anything.
    """
    readings = _checked(review, case)
    points = [*_unread(review, case, readings), *_read(readings)]
    found = tuple(replace(one, detector=ADDRESSED, level="quarantine") for one in prompt_injection(case))
    return (*found, _suspicion(review, readings, points)) if points else found


def _checked(review: Review, case: Case) -> list[dict[str, Answer]]:
    """The readings by question, with each quote looked up again in the case: a review from a file proves nothing."""
    seen = material(case)
    return [{answer.question: checked(answer, seen) for answer in reading} for reading in review.readings]


def _unread(review: Review, case: Case, readings: list[dict[str, Answer]]) -> Iterator[_Point]:
    """Whether this is no whole reading of exactly this case."""
    bound = (review.content, review.read, review.questions) == (case.content, read_hash(case), questions_hash())
    whole = len(readings) >= 2 and all(complete(reading) for reading in review.readings) and material(case).whole
    void = any(answer.void for reading in readings for answer in reading.values())
    if review.trouble or void or not bound or not whole:
        yield _Point("quarantine", UNREAD)


def _read(readings: list[dict[str, Answer]]) -> Iterator[_Point]:
    """What the answers say, of those that hold."""
    for question in questions():
        yield from _of_question(question, [answer for answer in _of(question, readings) if not answer.void])


def _of_question(question: Question, answers: list[Answer]) -> Iterator[_Point]:
    verdicts = {answer.verdict for answer in answers}
    if "yes" in verdicts:
        yield _Point(question.level, f"A monitor says that the method {question.seen}.")
    elif verdicts == {"unclear"}:
        yield _Point(question.level, UNSURE)
    if len(verdicts) > 1:
        yield _Point("quarantine", DISAGREES)


def _suspicion(review: Review, readings: list[dict[str, Answer]], points: list[_Point]) -> Suspicion:
    hard = any(point.level == "quarantine" for point in points)
    return Suspicion(
        detector=DETECTOR,
        level="quarantine" if hard else "warning",
        words=" ".join(dict.fromkeys(point.words for point in points)),
        statistic=_statistic(review, readings),
        quotes=tuple(dict.fromkeys(_quotes(readings)))[:_QUOTES],
    )


def _statistic(review: Review, readings: list[dict[str, Answer]]) -> dict[str, float | int | str]:
    """Verdicts of all readings by question, and how the review went."""
    verdicts: dict[str, float | int | str] = {}
    for question in questions():
        said = [f"{answer.verdict}{' (void)' if answer.void else ''}" for answer in _of(question, readings)]
        if set(said) - {"no"}:
            verdicts[question.id] = ", ".join(said)
    return {
        "model": review.model,
        "trouble": review.trouble or "none",
        "detail": review.detail,
        "readings": len(readings),
        **verdicts,
    }


def _of(question: Question, readings: list[dict[str, Answer]]) -> list[Answer]:
    return [reading[question.id] for reading in readings if question.id in reading]


def _quotes(readings: list[dict[str, Answer]]) -> Iterator[str]:
    """Proved pieces of the method only: what a model made up is nobody's words."""
    for reading in readings:
        for answer in reading.values():
            if not answer.void and answer.verdict != "no":
                yield from (f"{answer.question}: {quote.source}: {quote.text}" for quote in answer.quotes)
