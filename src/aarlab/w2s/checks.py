"""Self-checks that need no labels: what a researcher can know about its students without asking the lab."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from aarlab.w2s.fit import cross_fit, sigmoid
from aarlab.w2s.student import Student
from aarlab.w2s.task import Bools, Floats, Task
from aarlab.w2s.tuned import AnyStudent

FEW = 256
"""Train inputs that adapters are asked: a check should cost little beside a training."""


def self_checks(task: Task, students: Mapping[int, AnyStudent]) -> dict[str, object]:
    """Agreements (shares of the train inputs), confidence, and a fingerprint that equal answers share.

    `learnability` is how often heads cross-fitted on the first student's labels repeat them: low for labels that no
    direction explains. None of it says how near the truth the students are.
    """
    if task.strong is not None:
        task = _first(task)
    logits = {seed: _logits(task, student) for seed, student in students.items()}
    signs = {seed: values > 0 for seed, values in logits.items()}
    first = next(iter(signs.values()))
    repeated = cross_fit(task.hidden, first.astype(np.float64), bias=not task.antisymmetric, folds=3) > 0
    return {
        "seeds": list(students),
        "agreement_with_teacher": _mean(_share(s == (task.hard == 1)) for s in signs.values()),
        "agreement_with_prior": _mean(_share(s == (task.prior > 0)) for s in signs.values()),
        "agreement_between_seeds": _between(list(signs.values())),
        "mean_confidence": _mean(float(np.abs(2 * sigmoid(z) - 1).mean()) for z in logits.values()),
        "share_of_class_1": _mean(_share(s) for s in signs.values()),
        "learnability": round(_share(repeated == first), 4),
        "fingerprint": {str(seed): hashlib.sha256(np.packbits(s).tobytes()).hexdigest() for seed, s in signs.items()},
    }


def _first(task: Task) -> Task:
    return replace(task, hidden=task.hidden[:FEW], teacher=task.teacher[:FEW], prior=task.prior[:FEW])


def _logits(task: Task, student: AnyStudent) -> Floats:
    if isinstance(student, Student):
        return student.predict(task.hidden)
    return task.model.logits(student, items=task.model.items[: task.items])


def _share(right: Bools) -> float:
    return float(right.mean())


def _mean(values: Iterable[float]) -> float:
    return round(float(np.mean(list(values))), 4)


def _between(signs: list[Bools]) -> float | None:
    """Mean agreement over all pairs of seeds; None for one seed."""
    pairs = [_share(signs[i] == signs[j]) for i in range(len(signs)) for j in range(i)]
    return _mean(pairs) if pairs else None
