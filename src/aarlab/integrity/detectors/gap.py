"""Much better on dev than on fresh draws: made for the dev set, or trained on what leaked of it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aarlab.integrity.case import Case, Handed, Suspicion
from aarlab.integrity.detectors.clustered import distinct, mean_of

NAME = "dev minus verify"
WARNING = 3.0
QUARANTINE = 6.0
"""Standard errors. Measured, 144 honest rows (16 methods, three domains, three students and three draws): at most 2.0
with the allowance below and 2.8 without it."""
ANOTHER_DRAW = 0.02
"""Standard deviation, in accuracy, of what another teacher and other train items change."""


@dataclass(frozen=True)
class _Dev:
    handed: Handed
    accuracy: float
    se: float


def dev_minus_verify(case: Case) -> Iterable[Suspicion]:
    """Compares a verification with the same researcher's dev submissions of the same code; one-sided.

    Not with others': nothing binds the files of a dev submission to its code, so that whoever hands in leaked answers
    under the code of a common baseline would frame all who verify it.
    """
    facts = {} if case.score is None else case.score.facts
    if case.door != "verify" or not {"transfer_acc", "transfer_se"} <= set(facts):
        return
    same = [found for handed in case.history if _is_dev(handed, case) and (found := _dev(handed)) is not None]
    if not same:
        return
    best = max(same, key=lambda dev: dev.accuracy)
    verified, own = float(facts["transfer_acc"]), float(facts["transfer_se"])
    z = (best.accuracy - verified) / math.hypot(best.se, own, ANOTHER_DRAW)
    if z <= WARNING:
        return
    yield Suspicion(
        detector=NAME,
        level="quarantine" if z > QUARANTINE else "warning",
        words="The method is much better on the dev set than on fresh draws.",
        statistic={
            "dev": round(best.accuracy, 4),
            "verified": round(verified, 4),
            "standard errors": round(z, 2),
            "bound": QUARANTINE if z > QUARANTINE else WARNING,
        },
        others=(best.handed.id,),
    )


def _is_dev(handed: Handed, case: Case) -> bool:
    return handed.door == "dev" and handed.content == case.content and handed.researcher == case.researcher


def _dev(handed: Handed) -> _Dev | None:
    """Mean accuracy over its students, with the standard error that the dev items leave."""
    if not handed.sights:
        return None
    sights = distinct(handed.sights)
    share = mean_of([sight.right for sight in sights], groups=[sight.group for sight in sights])
    accuracy = float(np.mean([sight.right.mean() for sight in handed.sights]))
    return None if share is None else _Dev(handed, accuracy, share.se)
