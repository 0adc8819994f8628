"""Intervals of means over items that come in groups and runs that share them: a bootstrap over both, paired.

scipy.stats.bootstrap resamples along one axis only; here a hard question is hard in every run, and a lucky run is
lucky on every benchmark, so groups and runs are crossed.
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
DRAWS = 2000
CHUNK = 250
LEVEL = 95.0
_SEED = 20_261_124


def own_share(counts: Floats, contrast: Floats) -> float:
    """Which share of the spread between runs is their own, not that of the items they were tested on; in [0, 1].

    What items do not explain (`explained_share`), as far as that is positive.
    """
    return max(0.0, 1 - explained_share(counts, contrast))


def explained_share(counts: Floats, contrast: Floats) -> float:
    """The spread that items alone would give runs, as a share of what it is; above 1 where runs differ less than that.

    `counts` is [4, groups, runs]: sums of three quantities, and numbers of items. For the sum `contrast` . (means of
    the three): items alone let two runs differ by the variance sum_g (r_sg - r_tg)^2, r being the residuals of groups.
    That part is already in the groups' weights.
    """
    sums = np.tensordot(contrast, counts[:3], axes=1)
    residual = (sums - sums.sum() / counts[3].sum() * counts[3]) / counts[3].sum(axis=0)
    runs = residual.shape[1]
    explained = float((runs * (residual**2).sum(axis=1) - residual.sum(axis=1) ** 2).sum())
    whole = residual.sum(axis=0)
    between = float(runs * (whole**2).sum() - whole.sum() ** 2)
    return explained / between if between > 0 else 1.0


def means(table: Floats) -> Floats:
    """[benchmarks, 3] means over runs of a table [benchmarks, 4, groups, runs] of counts as in `own_share`."""
    found: Floats = (table[:, :3].sum(axis=2) / table[:, 3:].sum(axis=2)).mean(axis=2)
    return found


class Resampled:
    """Means of a table [benchmarks, 4, groups, runs] under resampled groups and runs; deterministic.

    Groups get exponential weights, the same in every run and benchmark in which they occur. Runs get weights that move
    each benchmark's mean as far as runs differ by more than their items: the spread between n runs is that of a
    chi-square of n - 1 degrees of freedom, so its true size is drawn, and what items explain is taken off. Few runs
    make wide intervals. The same draw of runs serves all benchmarks.
    """

    def __init__(self, table: Floats) -> None:
        """Draws the weights."""
        benchmarks, _, groups, runs = table.shape
        self._table = table
        self._by_run = np.empty((DRAWS, benchmarks, 3, runs))
        flat = np.ascontiguousarray(table.transpose(2, 0, 1, 3)).reshape(groups, -1)
        rng = np.random.default_rng(_SEED)
        for begin in range(0, DRAWS, CHUNK):
            total = (rng.standard_exponential((CHUNK, groups)) @ flat).reshape(CHUNK, benchmarks, 4, runs)
            self._by_run[begin : begin + CHUNK] = total[:, :, :3] / total[:, :, 3:]
        self._size = (runs - 1) / rng.chisquare(runs - 1, size=DRAWS)
        normal = rng.standard_normal((DRAWS, runs))
        self._deviations = math.sqrt(runs / (runs - 1)) * (normal - normal.mean(axis=1, keepdims=True))

    def means(self, benchmark: int, contrast: Floats) -> Floats:
        """[3, DRAWS] means of one benchmark, spread so that the variance of `contrast` . means comes out right.

        (1/runs) sum d_s x_s over the deviations d is normal with the observed standard error of mean(x).
        """
        explained = explained_share(self._table[benchmark], contrast)
        spread = np.sqrt(np.maximum(0.0, self._size - explained))
        share = 1 + spread[:, None] * self._deviations
        drawn: Floats = (self._by_run[:, benchmark] * share[:, None, :]).mean(axis=2).T
        return drawn


def percentiles(draws: Floats) -> tuple[float, float]:
    """The LEVEL interval of draws."""
    low, high = np.percentile(draws, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return float(low), float(high)
