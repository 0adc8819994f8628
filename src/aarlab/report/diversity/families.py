"""Method families across researchers, step by step: Shannon entropy in bits, with a bootstrap band.

Step k is the k-th proposal of each researcher; who has made fewer is not active at it. Entropy is that of the families
of the active researchers' proposals: 0 when all try the same family, at most log2 of the number of active researchers.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aarlab.lab.records import ProposalRecord
from aarlab.lab.state import State

DRAWS = 2000
_SEED = 20_261_128


@dataclass(frozen=True)
class FamilyStep:
    """One step."""

    step: int
    """1, 2, ..."""
    active: int
    """Researchers who have made so many proposals."""
    families: tuple[str, ...]
    """Of these proposals, sorted; text of researchers."""
    entropy: float
    """In bits, as measured: with few researchers lower than that of many alike would be."""
    low: float
    """2.5 % of the entropies of resampled researchers. Resamples repeat researchers, so the band lies rather low."""
    high: float
    """97.5 %."""

    @property
    def most(self) -> float:
        """Bits that so few researchers can reach at most."""
        return math.log2(self.active)


def entropy(families: Sequence[str]) -> float:
    """Shannon entropy of the shares of families, in bits."""
    shares = [count / len(families) for count in Counter(families).values()]
    return max(0.0, -math.fsum(share * math.log2(share) for share in shares))


def by_step(state: State) -> list[list[ProposalRecord]]:
    """The k-th proposals of all researchers, for k = 1, 2, ... as long as two are active."""
    own: dict[str, list[ProposalRecord]] = {}
    for proposal in sorted(state.proposals.values(), key=lambda one: one.seq):
        own.setdefault(proposal.author, []).append(proposal)
    longest = max((len(every) for every in own.values()), default=0)
    steps = [[every[k] for every in own.values() if len(every) > k] for k in range(longest)]
    return [step for step in steps if len(step) > 1]


def mean_entropy(state: State) -> float | None:
    """Mean over steps; None where nobody worked beside another."""
    found = [entropy([proposal.family for proposal in step]) for step in by_step(state)]
    return math.fsum(found) / len(found) if found else None


def family_steps(state: State) -> tuple[FamilyStep, ...]:
    """All steps with their bands."""
    return tuple(_step(number, [one.family for one in step]) for number, step in enumerate(by_step(state), 1))


def _step(number: int, families: list[str]) -> FamilyStep:
    low, high = _band(families, seed=_SEED + number)
    return FamilyStep(number, len(families), tuple(sorted(families)), entropy(families), low, high)


def _band(families: list[str], *, seed: int) -> tuple[float, float]:
    """Percentiles of the entropy over resampled researchers."""
    import numpy as np

    known = sorted(set(families))
    numbers = np.array([known.index(family) for family in families])
    drawn = np.random.default_rng(seed).choice(numbers, size=(DRAWS, len(families)))
    shares = np.stack([(drawn == number).mean(axis=1) for number in range(len(known))])
    logs = np.log2(np.where(shares > 0, shares, 1.0))
    low, high = np.percentile(-(shares * logs).sum(axis=0), [2.5, 97.5])
    return float(low) + 0.0, float(high) + 0.0
