""" "near-duplicate": work that was handed in before, under other names or by somebody else."""

from collections.abc import Iterator

import numpy as np

from aarlab.integrity import normal
from aarlab.integrity.answers import apart, majority, same_length
from aarlab.integrity.case import Case, Handed, Suspicion

NAME = "near-duplicate"
WORDS = "The submission is the same, or nearly, as one that was handed in before."
ALIKE = 0.85
"""Similarity of syntax from which two long methods count as one. Shipped methods: at most 0.73."""
LONG = 300
"""Different stretches of syntax in a long method. Short ones that combine the same steps are alike by nature:
methods of the search mind have up to 260 and similarities up to 1, so for them only equal counts."""


def near_duplicate(case: Case) -> Iterator[Suspicion]:
    """Files, syntax, answers and students against everything handed in before.

    A warning where it is another researcher's work that is not named as a parent. Own work that comes again under
    other names, and named work, is noted; the same method at the other door is the usual way and is passed over.
    """
    compared = [(before, kind) for before in case.history if (kind := _kinship(case, before))]
    foreign = [(before, kind) for before, kind in compared if _foreign(case, before)]
    chosen = foreign or compared
    if not chosen:
        return
    kinds = sorted({kind for _, kind in chosen})
    yield Suspicion(
        detector=NAME,
        level="warning" if foreign else "note",
        words=WORDS,
        statistic={"submissions": len(chosen), "alike in": ", ".join(kinds), "bound of similarity": ALIKE},
        others=tuple(before.id for before, _ in chosen[:20]),
    )


def _foreign(case: Case, before: Handed) -> bool:
    return before.researcher != case.researcher and before.snapshot not in case.ancestors


def _kinship(case: Case, before: Handed) -> str:
    """In what two submissions are alike; "" when in nothing that says something."""
    foreign = _foreign(case, before)
    if case.content == before.content:
        return "files" if foreign else ""
    if set(case.students) & set(before.students):
        return "students"
    if normal.fingerprint(case.files) == normal.fingerprint(before.files):
        return "code but for names"
    if foreign and _similar(case, before):
        return "similar code"
    return "answers" if _same_answers(case, before) else ""


def _similar(case: Case, before: Handed) -> bool:
    small, large = sorted((normal.size(case.files), normal.size(before.files)))
    comparable = small >= LONG and small >= ALIKE * large / 1.1
    return comparable and normal.likeness(case.files, before.files) >= ALIKE


def _same_answers(case: Case, before: Handed) -> bool:
    if case.door != "dev" or before.door != "dev" or not same_length(case.sights, before.sights):
        return False
    one, other = majority(case.sights), majority(before.sights)
    telling = one.size >= 100 and 0.1 < float(np.mean(one)) < 0.9
    return telling and apart(one, other) == 0.0
