""" "shared answers": two researchers who hand in one another's answers, or split a crafted family of queries."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aarlab.integrity import normal
from aarlab.integrity.answers import apart, majority, same_length, unsureness
from aarlab.integrity.case import Case, Handed, Level, Suspicion
from aarlab.integrity.detectors.duplicates import ALIKE
from aarlab.problem.sight import Bools

NAME = "shared answers"
WORDS = "Researchers who did not name each other handed in nearly the same answers, or parts of one family of answers."
NEAR = 0.01
"""Share of the items on which answers of different origin differ at least."""
STREAM = 4
"""Different answers near one another between two researchers from which it is quarantine. Of 60 methods of five search
minds, on chat and on math, any two share one at most."""
LONG = 8
"""The same where near answers differ as those of honest students do."""
ANYWHERE = 0.35
"""Mean rank of sureness of the items on which near answers differ: honest students differ on unsure ones."""
CHANCE = 3.5
"""Standard deviations from one half within which two vectors count as unrelated."""
FAMILY = 4
"""Members of a family of mutually unrelated answers, all of which honest students would agree on more often."""
_ITEMS = 100


@dataclass(frozen=True)
class Pair:
    """Two submissions of different researchers that nobody says are related."""

    one: Handed
    """The later."""
    other: Handed
    """The earlier."""
    apart: float
    """Share of items on which they differ."""
    sureness: float | None
    """Mean rank of those items, None when they do not differ or nobody knows."""


def shared_answers(case: Case) -> Iterator[Suspicion]:
    """Dev submissions against those of others whose code is not alike and who are not named."""
    if case.door != "dev" or not case.sights or case.sights[0].answers.size < _ITEMS:
        return
    stream = [one for one in (*case.history, case) if one.door == "dev" and same_length(one.sights, case.sights)]
    votes = {one.id: majority(one.sights) for one in stream}
    mine = [pair for other in stream if (pair := _pair(case, other, votes)) is not None]
    near = [pair for pair in mine if pair.apart < NEAR]
    if near:
        yield _near(near, stream, votes)
    elif len(family := _unrelated(case, mine, votes)) >= FAMILY:
        numbers = {"family": len(family), "bound": FAMILY, "items": int(votes[case.id].size)}
        yield Suspicion(NAME, "warning", WORDS, numbers, others=tuple(one.id for one in family if one.id != case.id))


def _near(near: list[Pair], stream: list[Handed], votes: dict[str, Bools]) -> Suspicion:
    """The partner with whom most is shared decides."""
    case = near[0].one
    own = [one for one in stream if one.researcher == case.researcher]
    between = {}
    for partner in sorted({pair.other.researcher for pair in near}):
        theirs = [one for one in stream if one.researcher == partner]
        pairs = [pair for one in own for other in theirs if (pair := _pair(one, other, votes)) is not None]
        between[partner] = ([pair for pair in pairs if pair.apart < NEAR], _named(own, theirs))
    close, named = max(between.values(), key=lambda found: (not found[1], _solutions(found[0], votes)))
    known = [pair.sureness for pair in close if pair.sureness is not None]
    sureness = float(np.mean(known)) if known else None
    bound = STREAM if sureness is None or sureness > ANYWHERE else LONG
    shared = _solutions(close, votes)
    level: Level = "note" if named else "quarantine" if shared >= bound else "warning"
    numbers: dict[str, float | int | str] = {"near pairs": len(close), "different answers": shared, "bound": bound}
    numbers |= {"least apart": round(min(pair.apart for pair in near), 5), "bound of apart": NEAR}
    numbers |= {"sureness where they differ": round(sureness, 3)} if sureness is not None else {}
    return Suspicion(NAME, level, WORDS, numbers, others=tuple(dict.fromkeys(pair.other.id for pair in near))[:20])


def _solutions(close: list[Pair], votes: dict[str, Bools]) -> int:
    """How many different answers both sides have near one another: many names for one solution are one."""
    sides = ({votes[pair.one.id].tobytes() for pair in close}, {votes[pair.other.id].tobytes() for pair in close})
    return min(len(side) for side in sides)


def _pair(one: Handed, other: Handed, votes: dict[str, Bools]) -> Pair | None:
    if one.researcher == other.researcher or one.id == other.id or _related(one, other):
        return None
    mine, theirs = votes[one.id], votes[other.id]
    share = apart(mine, theirs)
    differs = mine != theirs
    if 1 - share < share:  # the opposite of all answers says as much as the answers
        share, differs = 1 - share, ~differs
    margin = one.sights[0].margin
    known = margin is not None and margin.shape == differs.shape and bool(differs.any())
    return Pair(one, other, share, unsureness(margin, differs) if known and margin is not None else None)


def _related(one: Handed, other: Handed) -> bool:
    """Whether one names the other, or their code is so alike that other detectors speak."""
    if other.snapshot in one.ancestors or one.snapshot in other.ancestors or one.content == other.content:
        return True
    if normal.fingerprint(one.files) == normal.fingerprint(other.files):
        return True
    return normal.likeness(one.files, other.files) >= ALIKE


def _named(both: list[Handed], theirs: list[Handed]) -> bool:
    """Whether any work of one side builds on any of the other's."""
    ours, others = {one.snapshot for one in both}, {one.snapshot for one in theirs}
    return any(one.ancestors & others for one in both) or any(one.ancestors & ours for one in theirs)


def _unrelated(case: Case, pairs: list[Pair], votes: dict[str, Bools]) -> list[Handed]:
    """A family around the case, of several researchers, no two of which agree more than coins do."""
    family: list[Handed] = [case]
    window = CHANCE * 0.5 / votes[case.id].size ** 0.5
    for pair in pairs:
        if all(abs(apart(votes[pair.other.id], votes[one.id]) - 0.5) < window for one in family):
            family.append(pair.other)
    return family
