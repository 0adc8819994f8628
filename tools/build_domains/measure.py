"""Prints what each embedded domain measures over resplits: the figures of README.md."""

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aarlab.w2s.domains import EMBEDDED, Pool, load_embedded
from aarlab.w2s.domains.shipped import read_texts
from aarlab.w2s.fit import fit_head, sigmoid

Floats = NDArray[np.float64]

SIZES = (800, 1600, 1600)
"""train_label, train_unlabel, test."""
COLUMNS = ("n", "weak", "ceiling", "gap", "vanilla", "PGR", "SE", "zero-shot", "longer", "shorter")


@dataclass(frozen=True)
class Split:
    """Accuracies on the test part of one resplit."""

    weak: float
    ceiling: float
    vanilla: float
    zero_shot: float


def _scaled(features: NDArray[np.float32], sign: NDArray[np.int64], train: NDArray[np.int64]) -> NDArray[np.float32]:
    size = np.sqrt((features[train] ** 2).mean(axis=0)) + 1e-3
    return np.asarray(features * sign[:, None] / size, np.float32)


def _accuracy(logits: Floats | NDArray[np.float32], label: NDArray[np.int64]) -> float:
    return float(((logits > 0) == label).mean())


def split(pool: Pool, sizes: tuple[int, int, int], *, seed: int) -> Split:
    """Trains teacher, student and ceiling on a fresh split with random orders of the pairs."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pool))
    teach, train, test = np.split(order[: sum(sizes)], np.cumsum(sizes)[:-1])
    sign = rng.choice([-1, 1], len(pool))
    label = (sign > 0).astype(np.int64)
    weak, strong = _scaled(pool.weak, sign, teach), _scaled(pool.strong, sign, train)
    teacher = fit_head(weak[teach], label[teach].astype(np.float64), bias=False)
    guess = (sigmoid(teacher.logits(weak[train])) > 0.5).astype(np.float64)
    student = fit_head(strong[train], guess, bias=False)
    ceiling = fit_head(strong[train], label[train].astype(np.float64), bias=False)
    return Split(
        weak=_accuracy(teacher.logits(weak[test]), label[test]),
        ceiling=_accuracy(ceiling.logits(strong[test]), label[test]),
        vanilla=_accuracy(student.logits(strong[test]), label[test]),
        zero_shot=_accuracy(pool.prior[test] * sign[test], label[test]),
    )


def surface(name: str) -> tuple[float, float]:
    """Accuracy of the rules "the longer is right" and "the shorter is right"; ties count half."""
    difference = np.array([np.sign(len(row.good) - len(row.bad)) for row in read_texts(name)])
    longer = float((difference + 1).mean() / 2)
    return longer, 1 - longer


def line(name: str, *, seeds: int) -> str:
    """One row of the table."""
    pool = load_embedded(name)
    splits = [split(pool, SIZES, seed=seed) for seed in range(seeds)]
    weak, ceiling, vanilla, zero = (
        np.array([getattr(s, field) for s in splits]) for field in ("weak", "ceiling", "vanilla", "zero_shot")
    )
    gap = ceiling.mean() - weak.mean()
    recovered = (vanilla.mean() - weak.mean()) / gap
    residual = (vanilla - weak) - recovered * (ceiling - weak)
    error = residual.std(ddof=1) / np.sqrt(seeds) / gap
    figures = (weak.mean(), ceiling.mean(), gap, vanilla.mean(), recovered, error, zero.mean(), *surface(name))
    return f"| {name} | {len(pool)} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    print("| domain | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
    for name in EMBEDDED:
        print(line(name, seeds=seeds))


if __name__ == "__main__":
    main()
