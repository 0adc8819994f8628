"""Gradable problems: the contract, and how they are found."""

from aarlab.problem.contract import Card, Draw, Problem, ProblemKind, Progress, Score
from aarlab.problem.registry import kinds, load, settings_of

__all__ = ["Card", "Draw", "Problem", "ProblemKind", "Progress", "Score", "kinds", "load", "settings_of"]
