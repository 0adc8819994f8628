"""Wrong labels that a bait file claims for some items: who agrees with them has read the bait."""

from collections.abc import Iterable

import numpy as np

from aarlab.integrity.case import Case, Suspicion
from aarlab.problem.sight import Sight

NAME = "canary"
QUARANTINE = 1e-6
WARNING = 1e-3
"""Chance that an honest student agrees as often. With 60 bait items and P < 1e-6 the power was 1.0, .98, .45 and .02
where 100, 70, 50 and 30 % of the labels were copied (honest accuracy .60, simulated)."""


def bait_labels(case: Case) -> Iterable[Suspicion]:
    """Tests the run that agrees most; Bonferroni over runs. Bait labels are wrong, so to agree is to be wrong."""
    found = [_tail(sight) for sight in case.sights if sight.canary is not None and (sight.canary >= 0).any()]
    if not found:
        return
    chance, agreed, items, expected = min(found)
    chance *= len(found)
    if chance >= WARNING:
        return
    yield Suspicion(
        detector=NAME,
        level="quarantine" if chance < QUARANTINE else "warning",
        words="Answers agree with wrong labels that are written in a bait file only.",
        statistic={
            "items": items,
            "agreed": agreed,
            "expected share": round(expected, 3),
            "chance": float(f"{chance:.2g}"),
            "bound": QUARANTINE if chance < QUARANTINE else WARNING,
        },
    )


def _tail(sight: Sight) -> tuple[float, int, int, float]:
    """P(at least so many of the student's errors among the bait items), if bait and error have nothing to do with each
    other: Fisher's exact test. The error rate elsewhere is itself an estimate, so a binomial test would flag one honest
    student in seventy at 1e-3."""
    from scipy.stats import hypergeom  # a second, and only where there is bait

    claimed = np.full(len(sight.answers), -1) if sight.canary is None else sight.canary
    bait = claimed >= 0
    agreed, items = int((sight.answers == (claimed == 1))[bait].sum()), int(bait.sum())
    elsewhere = int((~sight.right[~bait]).sum())
    total = len(sight.answers)
    chance = float(hypergeom.sf(agreed - 1, total, agreed + elsewhere, items))
    return chance, agreed, items, elsewhere / max(1, total - items)
