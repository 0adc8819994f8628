"""Weak-to-strong methods by name, and the steps they are made of.

A method of one's own combines the steps: `labels` (where targets come from), `select` (which items count), `rounds`
(refinement of labels), `heads` (the final fit).
"""

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aarlab.errors import UserError
from aarlab.w2s.methods.agreement import agreement
from aarlab.w2s.methods.auxiliary_confidence import auxiliary_confidence, product_confidence
from aarlab.w2s.methods.ccs import ccs, principal
from aarlab.w2s.methods.confident_only import confident_only
from aarlab.w2s.methods.em_posterior import em_posterior
from aarlab.w2s.methods.ensemble import ensemble
from aarlab.w2s.methods.mutual_predictability import mutual_predictability
from aarlab.w2s.methods.neighbours import neighbours
from aarlab.w2s.methods.self_training import self_training
from aarlab.w2s.methods.simple import low_rank, mean_difference
from aarlab.w2s.methods.soft_labels import soft_labels
from aarlab.w2s.methods.vanilla import vanilla
from aarlab.w2s.methods.zero_shot import zero_shot
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task

__all__ = ["FAMILIES", "METHODS", "Method", "method"]

FAMILIES = (
    "self-training",
    "ensemble",
    "distillation",
    "data filtering",
    "confidence weighting",
    "loss function",
    "unsupervised elicitation",
    "curriculum",
    "model internal",
    "evolutionary",
    "other",
)
"""The families by which the diversity of methods is counted."""


@dataclass(frozen=True)
class Method:
    """A named way to train a student."""

    name: str
    """As in METHODS."""
    train: Callable[..., Student]
    """train(task, seed=..., **settings)"""
    family: str
    """One of FAMILIES."""

    @property
    def summary(self) -> str:
        """First line of the documentation."""
        return inspect.cleandoc(self.train.__doc__ or "").splitlines()[0]

    @property
    def settings(self) -> Mapping[str, Any]:
        """Every setting and its default."""
        parameters = inspect.signature(self.train).parameters.values()
        return {p.name: p.default for p in parameters if p.name not in ("task", "seed")}

    def __call__(self, task: Task, *, seed: int, **settings: Any) -> Student:
        """Trains. Raises UserError on an unknown setting."""
        for name in settings:
            if name not in self.settings:
                known = tuple(self.settings)
                raise UserError(f"method {self.name} has no setting {name!r}: {_advice(name, known)}")
        return self.train(task, seed=seed, **settings)


def method(name: str) -> Method:
    """The method of that name. Raises UserError with the nearest name."""
    if name not in METHODS:
        raise UserError(f"there is no method {name!r}: {_advice(name, tuple(METHODS))}")
    return METHODS[name]


def _advice(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known) or 'none'}"


def _registry() -> dict[str, Method]:
    families: dict[str, tuple[Callable[..., Student], ...]] = {
        "distillation": (vanilla, soft_labels),
        "data filtering": (confident_only, agreement),
        "loss function": (auxiliary_confidence, product_confidence),
        "ensemble": (ensemble,),
        "self-training": (self_training,),
        "unsupervised elicitation": (zero_shot, mutual_predictability, ccs),
        "other": (neighbours, em_posterior),
        "model internal": (low_rank, mean_difference, principal),
    }
    every = [Method(train.__name__, train, family) for family, members in families.items() for train in members]
    return {found.name: found for found in sorted(every, key=lambda found: found.name)}


METHODS: Mapping[str, Method] = _registry()
"""All methods of the package by name."""
