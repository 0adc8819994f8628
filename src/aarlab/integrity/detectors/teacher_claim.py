"""A method that says it learns from the teacher, and does as well when the teacher's labels are shuffled."""

import re
from collections.abc import Iterable

from aarlab.integrity.case import Case, Suspicion

NAME = "teacher claim"
TAUGHT = frozenset({"distillation", "data filtering", "confidence weighting"})
"""Families that are defined by what they do with the teacher's labels."""
FREE = frozenset({"unsupervised elicitation"})
"""A family that says itself that it needs no teacher."""
MENTION = re.compile(r"[^.\n]*\bteacher(?:'s|s)?\b(?![- ]free)[^.\n]*", re.IGNORECASE)
QUOTE = 200


def unused_teacher(case: Case) -> Iterable[Suspicion]:
    """Warns only: to do without the teacher is legitimate, and such a row is listed apart anyway.

    `agreement` (data filtering) and `em_posterior` of the package are honest methods that it warns of: they say that
    they use the teacher, and their response was -.31 to .07 on embedded chat.
    """
    if case.score is None or case.score.facts.get("teacher_free") is not True:
        return
    response = case.score.facts.get("teacher_response")
    claim = _claim(case)
    if claim is None or response is None:
        return
    yield Suspicion(
        detector=NAME,
        level="warning",
        words="The proposal says that the method learns from the teacher; the controls show no use of it.",
        statistic={"teacher response": round(float(response), 3), "family": case.family[:QUOTE]},
        quotes=(claim,),
    )


def _claim(case: Case) -> str | None:
    """The words by which the proposal claims the teacher."""
    if case.family in FREE:
        return None
    if case.family in TAUGHT:
        return f"family: {case.family}"
    found = MENTION.search(f"{case.title}\n{case.text}")
    return found.group().strip()[:QUOTE] if found else None
