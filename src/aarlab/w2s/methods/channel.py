"""Noisy channels: how often the teacher's label is right, and what that says of the true one.

Each function takes log-odds [n] of the true label before the teacher was heard, and gives those after.
"""

import numpy as np

from aarlab.w2s.fit import log_odds, sigmoid
from aarlab.w2s.task import Floats, Task

PULL = 1e-2
"""Penalty on the slopes of the logistic channel, so that a feature without a say gets none."""


def binned(task: Task, logits: Floats, *, bins: int = 5) -> Floats:
    """Five steps of EM for the teacher's accuracy (0.5 to 0.95) in each bin of its confidence."""
    confidence, hard = np.abs(task.teacher - 0.5), task.hard
    which = np.searchsorted(np.quantile(confidence, np.linspace(0, 1, bins + 1)[1:-1]), confidence)
    count = np.maximum(np.bincount(which), 1)
    heard = logits
    for _ in range(5):
        posterior = sigmoid(heard)
        agreement = np.where(hard == 1, posterior, 1 - posterior)
        accuracy = np.clip(np.bincount(which, weights=agreement) / count, 0.5, 0.95)[which]
        heard = logits + np.where(hard == 1, 1, -1) * np.log(accuracy / (1 - accuracy))
    return heard


def logistic(task: Task, logits: Floats) -> Floats:
    """An instance-dependent channel: TPR(x) = sigmoid(a.f + a0), FPR(x) = sigmoid(b.f + b0), by marginal likelihood.

    Features f are the teacher's confidence |logit w| and the margin |logits|, standardised. Spread and agreement of
    several prompts, as in the study of automated researchers, need more than the one prior of a Task. For pairs a swap
    exchanges the two rates, FPR = 1 - TPR, so there is one set of coefficients.
    """
    from scipy.optimize import minimize  # a quarter of a second that a mere import need not cost

    features = np.stack([_standard(np.abs(log_odds(task.teacher))), _standard(np.abs(logits)), np.ones(task.items)])
    prior, hard, pairs = sigmoid(logits), task.hard, task.antisymmetric

    def rates(parameters: Floats) -> tuple[Floats, Floats]:
        true = np.clip(sigmoid(parameters[:3] @ features), 0.01, 0.99)
        return true, 1 - true if pairs else np.clip(sigmoid(parameters[3:] @ features), 0.01, 0.99)

    def surprise(parameters: Floats) -> float:
        true, false = rates(parameters)
        seen = prior * np.where(hard == 1, true, 1 - true) + (1 - prior) * np.where(hard == 1, false, 1 - false)
        slopes = np.delete(parameters, [2, 5][: len(parameters) // 3])
        return float(-np.log(seen).mean() + PULL * (slopes**2).sum())

    start = np.array([0.0, 0.0, 0.5] if pairs else [0.0, 0.0, 0.5, 0.0, 0.0, -0.5])
    true, false = rates(np.asarray(minimize(surprise, start, method="L-BFGS-B").x, dtype=np.float64))
    heard: Floats = logits + np.where(hard == 1, np.log(true / false), np.log((1 - true) / (1 - false)))
    return heard


def _standard(values: Floats) -> Floats:
    standard: Floats = (values - values.mean()) / max(float(values.std()), 1e-12)
    return standard
