"""Every method of the package on a real language model, small as it is."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

from aarlab.w2s.hf.model import LanguageModel
from aarlab.w2s.methods import METHODS
from aarlab.w2s.student import Student
from aarlab.w2s.tuned import Tuned
from tests.support.tiny_task import tiny_task

pytestmark = [pytest.mark.hf, pytest.mark.slow]
CHEAP: dict[str, dict[str, Any]] = {
    "critic": {"practised": 8, "tokens": 12},
    "few_shot": {"searched": 8, "shots": 2, "turns": 1},
    "ensemble": {"members": 2},
    "evolution": {"generations": 2, "members": 1},
}
FOLLOWS = {"vanilla", "soft_labels", "label_smoothing", "reverse_kl", "ensemble", "epiplexity", "born_again"}
"""Trained on the teacher's labels of all items, so that a student which learned anything agrees with most of them."""


@pytest.mark.parametrize("kind", ["pairs", "choices"])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_a_student_that_can_be_scored(language: LanguageModel, name: str, kind: str) -> None:
    task = tiny_task(language, kind)
    student = METHODS[name](task, seed=3, **CHEAP.get(name, {}))
    data = student.to_bytes()
    if isinstance(student, Student):
        read = Student.from_bytes(data, dimension=task.dimension, antisymmetric=task.antisymmetric)
        logits = read.predict(task.hidden)
    else:
        tuned = Tuned.from_bytes(data, shapes=language.shapes, max_bytes=1 << 20)
        logits = task.model.logits(tuned)
    assert logits.shape == (40,)
    assert np.isfinite(logits).all()
    if name in FOLLOWS:
        assert ((logits > 0) == (task.hard > 0.5)).mean() > 0.6
