"""The Ladder: which verified method is a new best of the team, and not merely a luckier one.

A row moves it only by more than max(eta, two standard errors of the difference) over the standing best, which starts at
the lab's own baseline. The scale is the problem's: `facts["ladder"]` of a score, or else its accuracy with ETA. Whoever
sends variants of one method in the hope for kind noise stays where the method is (Blum and Hardt, "The Ladder", 2015);
it is the whole team's, because researchers share a forum.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ETA = 0.02
"""Least step in accuracy, for problems that declare no scale."""


@dataclass(frozen=True)
class Rung:
    """A level on verify draws, on the problem's scale."""

    level: float
    """Mean accuracy over seeds, or what the problem declares; higher is better."""
    se: float
    """Its standard error."""
    eta: float = ETA
    """Least step on this scale."""


def rung(facts: Mapping[str, Any]) -> Rung | None:
    """The rung of a score with these facts; None for one without a scale or accuracies, which has no place on it."""
    if "ladder" in facts:
        return Rung(**facts["ladder"])
    if "transfer_acc" not in facts or "transfer_se" not in facts:
        return None
    return Rung(facts["transfer_acc"], facts["transfer_se"])


def beats(one: Rung | None, standing: Rung | None) -> bool:
    """Whether `one` is a new best. The draws of two methods differ, so their errors add."""
    if one is None or standing is None:
        return False
    return one.level - standing.level > max(one.eta, 2 * math.hypot(one.se, standing.se))
