"""Evolution strategies on adapters: B matrices move towards what is surer, without a gradient or a label."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aarlab.w2s.fit import sigmoid
from aarlab.w2s.strong import Texts
from aarlab.w2s.task import Floats, Task
from aarlab.w2s.tuned import Adapter, Tuned

Matrices = Mapping[str, Floats]
"""B of each module."""


class Course(NamedTuple):
    """How evolution goes."""

    generations: int
    """Steps."""
    population: int
    """Antithetic pairs that are tried in each."""
    sigma: float
    """Size of the noise, relative to what evolves."""
    rate: float
    """Size of a step, likewise."""


def evolved(task: Task, student: Tuned, rng: np.random.Generator, course: Course, *, judged: int) -> Tuned:
    """The student of one adapter after a course of antithetic evolution strategies.

    Sizes are relative to the length of each module's B, which is kept. Fitness is the mean of |2p - 1| over `judged`
    train items, drawn for each generation: it costs 2 * population * judged items read (pairs in both orders).
    """
    (adapter,) = student.adapters
    up: Matrices = {module: matrix.astype(np.float64) for module, matrix in adapter.up.items()}
    for _ in range(course.generations):
        chosen = rng.choice(task.items, size=min(judged, task.items), replace=False)
        items = [task.model.items[row] for row in chosen.tolist()]
        total = {module: np.zeros_like(matrix) for module, matrix in up.items()}
        for _ in range(course.population):
            noise = {module: _unit(rng.standard_normal(matrix.shape)) for module, matrix in up.items()}
            tried = [_student(adapter, _moved(up, noise, size)) for size in (course.sigma, -course.sigma)]
            better, worse = (_sureness(task, one, items) for one in tried)
            total = {module: total[module] + (better - worse) * noise[module] for module in up}
        up = _moved(up, {module: _unit(matrix) for module, matrix in total.items()}, course.rate)
    return _student(adapter, up)


def _moved(up: Matrices, direction: Matrices, size: float) -> Matrices:
    """Each B a step of `size` times its length along its direction, at its old length: longer is not better."""
    lengths = {module: float(np.linalg.norm(matrix)) for module, matrix in up.items()}
    return {
        module: length * _unit(up[module] + size * length * direction[module]) for module, length in lengths.items()
    }


def _unit(matrix: Floats) -> Floats:
    found: Floats = matrix / max(float(np.linalg.norm(matrix)), 1e-12)
    return found


def _student(adapter: Adapter, up: Matrices) -> Tuned:
    return Tuned((Adapter(adapter.down, {module: matrix.astype(np.float16) for module, matrix in up.items()}),))


def _sureness(task: Task, student: Tuned, items: Sequence[Texts]) -> float:
    return float(np.abs(2 * sigmoid(task.model.logits(student, items=items)) - 1).mean())
