"""Fitting linear heads: logistic regression with soft targets, cross-fitting, and training on moving targets.

Features are expected at about unit size per dimension (as `Task.hidden` has them), so that one `l2` means the same
everywhere. Nothing here draws randomness but from the seed that it is given.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aarlab.w2s.strong import Retarget
from aarlab.w2s.task import Array, Floats

L2 = 0.1
"""Where the ceiling's accuracy first peaks; one value for teacher, students and ceiling keeps PGR fair."""
STEPS = 60


@dataclass(frozen=True)
class Head:
    """A linear classifier."""

    weight: Floats
    """[d]"""
    bias: float
    """Zero where features are antisymmetric."""

    def logits(self, hidden: Array) -> Floats:
        """[n] log-odds of class 1."""
        return (hidden @ self.weight.astype(np.float32)).astype(np.float64) + self.bias


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + exp(-z)) without overflow."""
    value: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return value


def log_odds(probability: Array | Floats) -> Floats:
    """Inverse of `sigmoid`, clipped at +-9.2 so that certainty stays finite."""
    p = np.clip(np.asarray(probability, dtype=np.float64), 1e-4, 1 - 1e-4)
    value: Floats = np.log(p) - np.log1p(-p)
    return value


def fit_head(
    hidden: Array,
    target: Floats,
    *,
    weight: Floats | None = None,
    l2: float = L2,
    bias: bool = True,
    steps: int = STEPS,
) -> Head:
    """Minimises  sum_i c_i BCE(t_i, sigmoid(w.h_i + b)) / sum_i c_i + l2 |w|^2  by L-BFGS.

    `target` [n] in [0, 1]; `weight` [n] >= 0 are the c_i; `bias=False` for antisymmetric features. Raises ValueError
    when no item has weight.
    """
    if weight is not None and not weight.all():
        rows = weight > 0
        hidden, target, weight = hidden[rows], target[rows], weight[rows]
    weights = np.ones((1, len(target))) if weight is None else weight[None]
    return fit_heads(hidden, target, weights=weights, l2=l2, bias=bias, steps=steps)[0]


def fit_heads(
    hidden: Array,
    target: Floats,
    *,
    weights: Floats,
    l2: float = L2,
    bias: bool = True,
    steps: int = STEPS,
) -> list[Head]:
    """As `fit_head` for k heads with their own item weights [k, n], in one optimisation: one pass serves all heads."""
    from scipy.optimize import minimize  # a quarter of a second that a mere import need not cost

    k, d = len(weights), hidden.shape[1]
    objective = _objective(hidden, target, _shares(weights), l2=l2, bias=bias)
    options = {"maxiter": steps, "maxcor": 10, "gtol": 1e-4, "ftol": 1e-7}
    found = minimize(objective, np.zeros(k * (d + 1)), jac=True, method="L-BFGS-B", options=options)
    solution: Floats = np.asarray(found.x, dtype=np.float64).reshape(k, d + 1)
    return [Head(row[:d], float(row[d])) for row in solution]


def _shares(weights: Floats) -> Floats:
    """Non-negative weights that sum to one in each row."""
    total = weights.sum(axis=1, keepdims=True)
    if weights.shape[1] == 0 or not total.min() > 0 or weights.min() < 0:
        raise ValueError("no item is left to train on: all weights are zero")
    value: Floats = weights.astype(np.float64) / total
    return value


def _objective(
    hidden: Array, target: Floats, share: Floats, *, l2: float, bias: bool
) -> Callable[[Floats], tuple[float, Floats]]:
    """Value and gradient at the stacked (weight, bias). Products with the features run in float32: twice as fast."""
    transposed = np.ascontiguousarray(hidden.T)

    def value(parameters: Floats) -> tuple[float, Floats]:
        heads = parameters.reshape(len(share), -1)
        logits = (heads[:, :-1].astype(np.float32) @ transposed).astype(np.float64) + heads[:, -1:]
        residual = share * (sigmoid(logits) - target)
        gradient = np.zeros_like(heads)
        gradient[:, :-1] = residual.astype(np.float32) @ hidden + 2 * l2 * heads[:, :-1]
        if bias:
            gradient[:, -1] = residual.sum(axis=1)
        loss = float((share * (np.logaddexp(0.0, logits) - target * logits)).sum())
        return loss + l2 * float((heads[:, :-1] ** 2).sum()), gradient.ravel()

    return value


def cross_fit(
    hidden: Array,
    target: Floats,
    *,
    weight: Floats | None = None,
    l2: float = L2,
    bias: bool = True,
    folds: int = 5,
    seed: int = 0,
) -> Floats:
    """[n] logits, each from a head that did not see its item."""
    order = np.random.default_rng(seed).permutation(len(target))
    fold = np.empty(len(target), dtype=np.int64)
    fold[order] = np.arange(len(target)) % folds
    seen = (fold[None] != np.arange(folds)[:, None]).astype(np.float64)
    heads = fit_heads(hidden, target, weights=seen if weight is None else seen * weight, l2=l2, bias=bias)
    logits = np.stack([head.logits(hidden) for head in heads])
    held_out: Floats = logits[fold, np.arange(len(target))]
    return held_out


def fit_minibatch(
    hidden: Array,
    target: Floats,
    *,
    seed: int,
    retarget: Retarget | None = None,
    l2: float = L2,
    bias: bool = True,
    epochs: int = 15,
    batch: int = 128,
    rate: float = 3e-3,
    start: Head | None = None,
) -> Head:
    """Adam on BCE(retarget(logits, t, done), sigmoid(w.h + b)) + l2 |w|^2 with a rate that falls linearly to zero.

    Without `retarget` targets stay as they are. Training begins at `start`, by default at zero.
    """
    rng = np.random.default_rng(seed)
    n, d = hidden.shape
    orders = [rng.permutation(n) for _ in range(epochs)]
    batches = [order[begin : begin + batch] for order in orders for begin in range(0, n, batch)]
    adam = Adam(np.zeros(d + 1) if start is None else np.append(start.weight, start.bias))
    for step, rows in enumerate(batches):
        done, features = step / len(batches), hidden[rows]
        logits = (features @ adam.at[:-1].astype(np.float32)).astype(np.float64) + adam.at[-1]
        aim = target[rows] if retarget is None else retarget(logits, target[rows], done)
        residual = (sigmoid(logits) - aim) / len(rows)
        gradient = np.append(features.T @ residual.astype(np.float32), residual.sum() if bias else 0.0)
        gradient[:-1] += 2 * l2 * adam.at[:-1]
        adam.step(gradient, rate * (1 - done))
    return Head(adam.at[:-1], float(adam.at[-1]))


class Adam:
    """Adam with the usual decay rates, full state in three vectors."""

    def __init__(self, start: Floats) -> None:
        self.at = start
        self.mean = np.zeros_like(start)
        self.square = np.zeros_like(start)
        self.count = 0

    def step(self, gradient: Floats, rate: float) -> None:
        self.count += 1
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.999 * self.square + 0.001 * gradient**2
        mean = self.mean / (1 - 0.9**self.count)
        square = self.square / (1 - 0.999**self.count)
        self.at = self.at - rate * mean / (np.sqrt(square) + 1e-8)
