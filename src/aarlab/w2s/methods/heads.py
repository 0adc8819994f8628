"""Heads on the strong model's hidden states, on either backend. The last step of a method is `final`."""

from aarlab.w2s.fit import L2, fit_head, fit_heads
from aarlab.w2s.methods import select
from aarlab.w2s.student import Student
from aarlab.w2s.task import Floats, Task


def linear(task: Task, target: Floats, *, weight: Floats | None = None, l2: float = L2) -> Student:
    """One logistic head."""
    head = fit_head(task.hidden, target, weight=weight, l2=l2, bias=not task.antisymmetric)
    return Student.linear(head.weight, bias=head.bias)


def resampled(
    task: Task,
    target: Floats,
    *,
    weight: Floats | None = None,
    heads: int = 8,
    trim: float = 0.0,
    l2: float = L2,
    seed: int = 0,
) -> Student:
    """An ensemble of heads on bootstrap samples; mean of logits, or with `trim` > 0 their trimmed mean."""
    weights = select.bootstrap(task, members=heads, weight=weight, seed=seed)
    fitted = fit_heads(task.hidden, target, weights=weights, l2=l2, bias=not task.antisymmetric)
    biases = [head.bias for head in fitted]
    return Student.ensemble([head.weight for head in fitted], biases=biases, trim=trim)
