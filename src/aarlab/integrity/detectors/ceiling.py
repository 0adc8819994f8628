"""Scores above the ceiling: better than the same student with the true labels is better than the problem allows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aarlab.integrity.case import Case, Suspicion
from aarlab.integrity.detectors.clustered import Share, distinct, mean_of

NAME = "above the ceiling"
TOP = 1.0
"""The ceiling's own score, where a score counts the recovered share of a gap."""
Z = 1.96
"""A 95 % interval reaches so many standard errors to each side."""
CHANCE = 1e-3
"""Of a warning for an honest student, over all slices."""
OVERWHELMING = 6.0
"""Standard errors above the ceiling in a slice. Measured in 3 x 16 rows of three draws a domain: honest students
reached 2.5 (zero-shot and agreement, slice "swap" of code: .048 better); a look-up that knows one slice 7 and more."""
LARGE = 0.10
"""Accuracy above the ceiling's in that slice. Honest students reached it in small slices only (.102, z = 2.5)."""


@dataclass(frozen=True)
class _Slice:
    name: str
    gain: Share

    @property
    def z(self) -> float:
        """Standard errors above the ceiling."""
        return self.gain.value / max(self.gain.se, 1e-9)


def above_the_ceiling(case: Case) -> Iterable[Suspicion]:
    """The whole score first; else the slice in which the student beats the ceiling most clearly (paired by item)."""
    if (whole := _whole(case)) is not None:
        yield whole
        return
    slices = _slices(case)
    if not slices:
        return
    worst = max(slices, key=lambda found: (found.z, found.name))
    bound = _bound(len(slices))
    if worst.z < bound or worst.gain.value <= 0:
        return
    overwhelming = worst.z >= OVERWHELMING and worst.gain.value >= LARGE
    yield Suspicion(
        detector=NAME,
        level="quarantine" if overwhelming else "warning",
        words="In a part of the data the student is far better than the same student trained on the truth.",
        statistic={
            "slice": worst.name[:80],
            "better by": round(worst.gain.value, 3),
            "standard errors": round(worst.z, 2),
            "bound": OVERWHELMING if overwhelming else round(bound, 2),
            "slices": len(slices),
        },
    )


def _whole(case: Case) -> Suspicion | None:
    """Above 1 by two standard errors, for a metric of which 1 is the ceiling (its facts have both accuracies)."""
    score = case.score
    if score is None or score.value is None or score.low is None or "strong_acc" not in score.facts:
        return None
    margin = (score.value - score.low) * 2 / Z
    if score.value - margin <= TOP:
        return None
    return Suspicion(
        detector=NAME,
        level="quarantine",
        words="The score is above that of the same student trained on the truth.",
        statistic={"value": round(score.value, 3), "two standard errors": round(margin, 3), "bound": TOP},
    )


def _slices(case: Case) -> list[_Slice]:
    sights = distinct(case.sights)
    found = []
    for name in sorted({name for sight in sights for name in sight.slices}):
        parts = [(sight, sight.slices[name]) for sight in sights if name in sight.slices]
        gains = [sight.right[rows].astype(np.float64) - sight.ceiling[rows] for sight, rows in parts]
        gain = mean_of(gains, groups=[sight.group[rows] for sight, rows in parts])
        if gain is not None and gain.groups >= 20:
            found.append(_Slice(name, gain))
    return found


def _bound(slices: int) -> float:
    """Standard errors that one of so many slices exceeds with probability CHANCE."""
    from scipy.special import ndtri  # needs no heavier part of scipy

    return float(ndtri(1 - CHANCE / slices))
