"""Answers that do not depend on the items: a fallback, not a result."""

from collections.abc import Iterable

from aarlab.integrity.case import Case, Suspicion

NAME = "constant answers"
FEWEST = 20
"""Items below which one class may be the truth."""


def constant_answers(case: Case) -> Iterable[Suspicion]:
    """Warns when a run gives every item one class, or all runs are right on exactly half of the items.

    Never more than that: whoever hands in a constant gains nothing, but a person should not take it for a result.
    """
    sights = [sight for sight in case.sights if len(sight.answers) >= FEWEST]
    constant = sum(bool(sight.answers.all() or not sight.answers.any()) for sight in sights)
    halves = sum(2 * int(sight.right.sum()) == len(sight.right) for sight in sights)
    if constant:
        words = "A run answers every item with the same class."
    elif len(sights) > 1 and halves == len(sights):
        words = "Every run is right on exactly half of the items."
    else:
        return
    yield Suspicion(
        detector=NAME,
        level="warning",
        words=words,
        statistic={"runs": len(sights), "constant": constant, "exactly half": halves},
    )
