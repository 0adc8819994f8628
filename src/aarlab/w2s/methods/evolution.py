"""Contrast-consistent probes refined by evolution strategies."""

import numpy as np

from aarlab.w2s.fit import L2, fit_heads, sigmoid
from aarlab.w2s.methods.ccs import probes
from aarlab.w2s.student import Student
from aarlab.w2s.task import Array, Floats, Task

JUDGED = 200
"""Train items on which a generation is judged."""


def evolution(
    task: Task,
    *,
    seed: int,
    members: int = 16,
    distrust: float = 0.1,
    generations: int = 20,
    population: int = 16,
    sigma: float = 0.05,
    rate: float = 0.02,
    trim: float = 0.15,
    l2: float = L2,
) -> Student:
    """Items weighed by a CCS probe and the teacher, heads made confident by evolution strategies, a trimmed mean.

    For each of `members`: a CCS probe, sign by the teacher; weight c_i = max(probe's, teacher's confidence |2p - 1|)
    where both agree, `distrust` * min(...) where not; a head (penalty `l2`) on hard labels resampled by c; then
    `generations` steps along the sum over `population` of (f(theta + sigma d) - f(theta - sigma d)) / (2 sigma) d, d
    being random sums of items; `sigma` and the step's `rate` are relative to |theta|, which is kept. Fitness f is the
    mean of (1 - |p(x) + p(x~) - 1|) |2p(x) - 1| over 200 unlabelled train items, x~ being the contrast -h: its first
    factor is 1 for a head without bias, so what evolves is confidence. Members are joined by a mean trimmed by `trim`;
    `seed` draws everything. The best method on chat of the study of automated researchers, there with a probe for each
    layer and noise on adapters; a Task has one layer. Evolution strategies: Salimans et al. 2017.
    """
    rng = np.random.default_rng(seed)
    found = probes(task, starts=members, rng=rng)
    weights = np.stack([_resampled(task, probe, distrust, rng) for probe in found])
    heads = fit_heads(task.hidden, task.hard, weights=weights, l2=l2, bias=not task.antisymmetric)
    evolved = [head.weight for head in heads]
    for member in range(members):
        for _ in range(generations):
            judged = task.hidden[rng.choice(task.items, size=min(JUDGED, task.items), replace=False)]
            evolved[member] = _step(evolved[member], judged, rng, population=population, sigma=sigma, rate=rate)
    return Student.ensemble(evolved, biases=[head.bias for head in heads], trim=trim)


def _resampled(task: Task, probe: Floats, distrust: float, rng: np.random.Generator) -> Floats:
    """[n] how often each item was drawn, by the weights of the method."""
    logits = (task.hidden @ probe.astype(np.float32)).astype(np.float64)
    own, weak = np.abs(2 * sigmoid(logits) - 1), np.abs(2 * task.teacher.astype(np.float64) - 1)
    agree = (logits > 0) == (task.hard == 1)
    weight = np.where(agree, np.maximum(own, weak), distrust * np.minimum(own, weak)) + 1e-9
    return rng.multinomial(task.items, weight / weight.sum()).astype(np.float64)


def _step(
    theta: Floats, judged: Array, rng: np.random.Generator, *, population: int, sigma: float, rate: float
) -> Floats:
    """One generation. Antithetic pairs are judged on the same items, so that only the direction differs."""
    length = float(np.linalg.norm(theta))
    noise = rng.standard_normal((population, len(judged))).astype(np.float32) @ judged
    noise = length * _unit(noise.astype(np.float64))
    tried = length * _unit(np.concatenate([theta + sigma * noise, theta - sigma * noise]))  # longer is not better
    p = sigmoid((judged @ tried.T.astype(np.float32)).astype(np.float64))
    fitness = np.abs(2 * p - 1).mean(axis=0)
    gain = (fitness[:population] - fitness[population:]) / (2 * sigma)
    stepped: Floats = length * _unit(theta + rate * length * _unit(gain @ noise))
    return stepped


def _unit(rows: Floats) -> Floats:
    found: Floats = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return found
