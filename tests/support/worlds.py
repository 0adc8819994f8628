"""Simulated studies whose truth is known: items in groups, several seeds, two methods, correlated as real runs are."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from aarlab.w2s.gains import Paired
from aarlab.w2s.pgr import Outcome

GROUP, ITEM, OWN, NOISE = 0.5, 0.6, 0.5, 0.5
"""Standard deviations of latent margins: difficulty of a group and of an item for all models, of an item for one model,
and chance in one run."""


@dataclass(frozen=True)
class Imagined:
    """A kind of study."""

    pool: int = 700
    """Groups of which every seed draws its test."""
    test: int = 250
    """Groups of one test; with `pool` all seeds have the same test."""
    size: int = 1
    """Items of a group."""
    seeds: int = 5
    luck: float = 0.08
    """Standard deviation of the luck of one seed, for each model."""
    means: tuple[float, float, float, float] = (0.45, 0.45, 0.25, 0.95)
    """Mean margins of method, vanilla, weak teacher, ceiling."""
    alike: float = 0.8
    """Correlation of method and vanilla in all that is a model's own."""

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Of the four, over all items, seeds and chance."""
        spread = np.sqrt(GROUP**2 + ITEM**2 + OWN**2 + NOISE**2 + self.luck**2)
        return tuple(float(one) for one in norm.cdf(np.array(self.means) / spread))

    @property
    def pgr(self) -> float:
        """The truth that `summarise` of the method estimates."""
        method, _, weak, ceiling = self.accuracies
        return (method - weak) / (ceiling - weak)

    @property
    def gain(self) -> float:
        """That of the method over vanilla, in accuracy."""
        return self.accuracies[0] - self.accuracies[1]

    @property
    def gain_in_gaps(self) -> float:
        """The same in PGR."""
        return self.gain / (self.accuracies[3] - self.accuracies[2])

    def study(self, rng: np.random.Generator) -> Paired:
        """One study of it."""
        items = np.repeat(np.arange(self.pool), self.size)
        shared = GROUP * rng.standard_normal(self.pool)[items] + ITEM * rng.standard_normal(len(items))
        known = shared + OWN * self._four(rng, len(items))
        runs = [self._run(rng, items, known) for _ in range(self.seeds)]
        return Paired([method for method, _ in runs], [vanilla for _, vanilla in runs])

    def _run(self, rng: np.random.Generator, items: np.ndarray, known: np.ndarray) -> tuple[Outcome, Outcome]:
        tested = np.isin(items, rng.permutation(self.pool)[: self.test])
        margin = np.array(self.means)[:, None] + known[:, tested] + self.luck * self._four(rng, 1)
        right = margin + NOISE * self._four(rng, int(tested.sum())) > 0
        group = items[tested]
        return Outcome(group, right[0], right[2], right[3]), Outcome(group, right[1], right[2], right[3])

    def _four(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """[4, count] standard normal; method and vanilla are alike."""
        found = rng.standard_normal((4, count))
        found[1] = self.alike * found[0] + np.sqrt(1 - self.alike**2) * found[1]
        return found
