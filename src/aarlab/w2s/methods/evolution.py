"""Contrast-consistent probes refined by evolution strategies."""

import numpy as np

from aarlab.w2s.fit import L2, fit_heads, sigmoid
from aarlab.w2s.methods.ccs import probes
from aarlab.w2s.methods.strategies import Course, evolved
from aarlab.w2s.student import Student
from aarlab.w2s.task import Array, Floats, Task
from aarlab.w2s.tuned import AnyStudent, Tuned

JUDGED = 200
"""Train items on which a generation is judged."""


HEADS, ADAPTERS = (16, 20, 16), (2, 8, 4)
"""Members, generations and population by default: a head is judged in microseconds, an adapter by reading."""


def evolution(
    task: Task,
    *,
    seed: int,
    members: int | None = None,
    distrust: float = 0.1,
    generations: int | None = None,
    population: int | None = None,
    sigma: float = 0.05,
    rate: float = 0.02,
    trim: float = 0.15,
    l2: float = L2,
) -> AnyStudent:
    """Items weighed by a CCS probe and the teacher, students made confident by evolution strategies, a trimmed mean.

    For each of `members`: a CCS probe, sign by the teacher; weight c_i = max(probe's, teacher's confidence |2p - 1|)
    where both agree, `distrust` * min(...) where not; a head (penalty `l2`) or adapter on hard labels resampled by c;
    then `generations` steps along the sum over `population` of (f(theta + sigma d) - f(theta - sigma d)) / (2 sigma) d.
    theta is the head and d a random sum of items, or theta is the adapter's B matrices and d is Gaussian; `sigma` and
    the step's `rate` are relative to |theta|, which is kept. Fitness f is the mean of
    (1 - |p(x) + p(x~) - 1|) |2p(x) - 1| over 200 unlabelled train items, x~ being the contrast -h, or the swap: its
    first factor is 1 for a head without bias, and where a model is asked in both orders, so what evolves is confidence.
    Members are joined by a mean trimmed by `trim`; `seed` draws everything. None is the backend's own: 16 members, 20
    generations of 16 for heads; 2 members, 8 generations of 4 for adapters, where each member costs a training and
    2 * 8 * 4 * 200 items read. The best method on chat of the study of automated researchers, there with a probe for
    each layer; a Task has one layer. Evolution strategies: Salimans et al. 2017.
    """
    own = HEADS if task.strong is None else ADAPTERS
    given = (members, generations, population)
    count, steps, pairs = (mine if asked is None else asked for asked, mine in zip(given, own, strict=True))
    course, rng = Course(steps, pairs, sigma, rate), np.random.default_rng(seed)
    found = probes(task, starts=count, rng=rng)
    weights = np.stack([_resampled(task, probe, distrust, rng) for probe in found])
    if task.strong is None:
        return _of_heads(task, weights, rng, course, trim=trim, l2=l2)
    tuned = [task.strong.finetune(task.hard, weight=row, seed=seed + place) for place, row in enumerate(weights)]
    return Tuned.ensemble([evolved(task, one, rng, course, judged=JUDGED) for one in tuned], trim=trim)


def _of_heads(
    task: Task, weights: Floats, rng: np.random.Generator, course: Course, *, trim: float, l2: float
) -> Student:
    heads = fit_heads(task.hidden, task.hard, weights=weights, l2=l2, bias=not task.antisymmetric)
    grown = [head.weight for head in heads]
    for member in range(len(heads)):
        for _ in range(course.generations):
            judged = task.hidden[rng.choice(task.items, size=min(JUDGED, task.items), replace=False)]
            grown[member] = _step(grown[member], judged, rng, course)
    return Student.ensemble(grown, biases=[head.bias for head in heads], trim=trim)


def _resampled(task: Task, probe: Floats, distrust: float, rng: np.random.Generator) -> Floats:
    """[n] how often each item was drawn, by the weights of the method."""
    logits = (task.hidden @ probe.astype(np.float32)).astype(np.float64)
    own, weak = np.abs(2 * sigmoid(logits) - 1), np.abs(2 * task.teacher.astype(np.float64) - 1)
    agree = (logits > 0) == (task.hard == 1)
    weight = np.where(agree, np.maximum(own, weak), distrust * np.minimum(own, weak)) + 1e-9
    return rng.multinomial(task.items, weight / weight.sum()).astype(np.float64)


def _step(theta: Floats, judged: Array, rng: np.random.Generator, course: Course) -> Floats:
    """One generation. Antithetic pairs are judged on the same items, so that only the direction differs."""
    population, sigma = course.population, course.sigma
    length = float(np.linalg.norm(theta))
    noise = rng.standard_normal((population, len(judged))).astype(np.float32) @ judged
    noise = length * _unit(noise.astype(np.float64))
    tried = length * _unit(np.concatenate([theta + sigma * noise, theta - sigma * noise]))  # longer is not better
    p = sigmoid((judged @ tried.T.astype(np.float32)).astype(np.float64))
    fitness = np.abs(2 * p - 1).mean(axis=0)
    gain = (fitness[:population] - fitness[population:]) / (2 * sigma)
    stepped: Floats = length * _unit(theta + course.rate * length * _unit(gain @ noise))
    return stepped


def _unit(rows: Floats) -> Floats:
    found: Floats = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return found
