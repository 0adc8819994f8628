""" "seed lottery" and "re-run lottery": the same method again and again, until luck is kind."""

from collections.abc import Iterator
from statistics import NormalDist

from aarlab.integrity.case import Case, Handed, Level, Suspicion
from aarlab.integrity.normal import fingerprint

SEEDS = "seed lottery"
SEEDS_WORDS = "The same code was sent to dev again with other students."
RERUN = "re-run lottery"
RERUN_WORDS = "A method that does the same as one already sent to verify was sent again."
MANY = {"warning": 3, "quarantine": 6}
"""Dev submissions of equal code, this one included, from which a level holds."""
COPIES = {"warning": 2, "quarantine": 2}
"""Verifications of one method under other names, this one included, by one researcher or by who names the first."""
FOREIGN = {"warning": 2, "quarantine": 3}
"""The same where the others are somebody else's and not named: two may have had one idea."""


def luck(attempts: int) -> float:
    """What the best of so many equal attempts gains by luck, in standard deviations of one (Blom 1958)."""
    return NormalDist().inv_cdf((attempts - 0.375) / (attempts + 0.25)) if attempts > 1 else 0.0


def seed_lottery(case: Case) -> Iterator[Suspicion]:
    """Dev: equal code, other students. Settings that the code reads count as code, seeds do not."""
    if case.door != "dev":
        return
    equal = [one for one in _equal(case) if one.students != case.students]
    yield from _suspicion(SEEDS, SEEDS_WORDS, equal, MANY)


def rerun_lottery(case: Case) -> Iterator[Suspicion]:
    """Verify: a method that differs from an earlier one only in what changes nothing gets other draws."""
    if case.door != "verify":
        return
    equal = [one for one in _equal(case) if one.content != case.content]
    own = [one for one in equal if one.researcher == case.researcher or one.snapshot in case.ancestors]
    yield from _suspicion(RERUN, RERUN_WORDS, equal, COPIES if own else FOREIGN)


def _equal(case: Case) -> list[Handed]:
    mine = fingerprint(case.files)
    return [one for one in case.history if one.door == case.door and fingerprint(one.files) == mine]


def _suspicion(name: str, words: str, equal: list[Handed], bounds: dict[str, int]) -> Iterator[Suspicion]:
    attempts = len(equal) + 1
    if attempts < bounds["warning"]:
        return
    level: Level = "quarantine" if attempts >= bounds["quarantine"] else "warning"
    yield Suspicion(
        detector=name,
        level=level,
        words=words,
        statistic={"attempts": attempts, "bound": bounds[level], "gain by luck in SD": round(luck(attempts), 2)},
        others=tuple(one.id for one in equal[-20:]),
    )
