"""Trains on the items where the weak teacher and the strong model's own prior agree."""

from aarlab.w2s import AnyStudent, Task
from aarlab.w2s.methods import METHODS


def train(task: Task, *, seed: int) -> AnyStudent:
    """A student from the agreement of teacher and prior."""
    return METHODS["agreement"](task, seed=seed)
