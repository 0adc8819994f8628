"""The Ladder: which verified method is a new best of the team, and not merely a luckier one.

A row moves it only by more than max(ETA, two standard errors of the difference) in accuracy over the standing best,
which starts at the lab's own baseline. Whoever sends variants of one method in the hope for kind noise stays where
the method is (Blum and Hardt, "The Ladder", 2015); it is the whole team's, because researchers share a forum.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ETA = 0.02
"""Least step, in accuracy."""


@dataclass(frozen=True)
class Rung:
    """An accuracy on verify draws."""

    accuracy: float
    """Mean over seeds."""
    se: float
    """Its standard error."""


def rung(facts: Mapping[str, Any]) -> Rung | None:
    """The rung of a score with these facts; None for a problem without accuracies, which has no Ladder."""
    if "transfer_acc" not in facts or "transfer_se" not in facts:
        return None
    return Rung(facts["transfer_acc"], facts["transfer_se"])


def beats(one: Rung | None, standing: Rung | None) -> bool:
    """Whether `one` is a new best. The draws of two methods differ, so their errors add."""
    if one is None or standing is None:
        return False
    return one.accuracy - standing.accuracy > max(ETA, 2 * math.hypot(one.se, standing.se))
