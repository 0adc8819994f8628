"""Weak-to-strong methods by name, and the steps they are made of.

A method of one's own combines the steps: `labels` (where targets come from), `select` (which items count), `rounds`
(refinement of labels), `heads` (the final fit).
"""

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aarlab.errors import ResearcherError, UserError
from aarlab.w2s.methods.agreement import agreement
from aarlab.w2s.methods.auxiliary_confidence import auxiliary_confidence, product_confidence
from aarlab.w2s.methods.bootstrapping import bootstrapping
from aarlab.w2s.methods.ccs import ccs, principal
from aarlab.w2s.methods.coherence import coherence
from aarlab.w2s.methods.confident_only import confident_only
from aarlab.w2s.methods.curriculum import curriculum
from aarlab.w2s.methods.distillation import born_again, reverse_kl
from aarlab.w2s.methods.em_posterior import em_posterior
from aarlab.w2s.methods.ensemble import ensemble
from aarlab.w2s.methods.epiplexity import epiplexity
from aarlab.w2s.methods.evolution import evolution
from aarlab.w2s.methods.mutual_predictability import mutual_predictability
from aarlab.w2s.methods.neighbours import neighbours
from aarlab.w2s.methods.overlap_density import overlap_density
from aarlab.w2s.methods.regularised import early_stopping, label_smoothing
from aarlab.w2s.methods.self_training import self_training
from aarlab.w2s.methods.settings import check
from aarlab.w2s.methods.simple import low_rank, mean_difference
from aarlab.w2s.methods.soft_labels import soft_labels
from aarlab.w2s.methods.vanilla import vanilla
from aarlab.w2s.methods.zero_shot import zero_shot
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task

__all__ = ["ABSENT", "FAMILIES", "METHODS", "Method", "method"]

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
        return self.documentation.splitlines()[0]

    @property
    def settings(self) -> Mapping[str, Any]:
        """Every setting and its default."""
        parameters = inspect.signature(self.train).parameters.values()
        return {p.name: p.default for p in parameters if p.name not in ("task", "seed")}

    @property
    def documentation(self) -> str:
        """All of it."""
        return inspect.cleandoc(self.train.__doc__ or "")

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raises UserError on an unknown setting or a value that it cannot have. Choices are checked in training."""
        defaults = self.settings
        for name, value in settings.items():
            if name not in defaults:
                raise UserError(f"method {self.name} has no setting {name!r}: {_advice(name, tuple(defaults))}")
            check(self.name, name, value, defaults[name])

    def __call__(self, task: Task, *, seed: int, **settings: Any) -> Student:
        """Trains. Raises UserError on an unknown setting or a value that it cannot have."""
        self.check(settings)
        return self.train(task, seed=seed, **settings)


def method(name: str) -> Method:
    """The method of that name. Raises UserError with the nearest name, ResearcherError for one of ABSENT."""
    if name in ABSENT:
        raise ResearcherError(f"method {name} cannot run here: {ABSENT[name]}")
    if name not in METHODS:
        raise UserError(f"there is no method {name!r}: {_advice(name, tuple(METHODS))}")
    return METHODS[name]


ABSENT: Mapping[str, str] = {
    "critic": "it trains the strong model to write critiques, and the probe backend cannot generate text",
    "dawid_skene": "it weighs several teachers against each other, and a task has one; em_posterior does it for one",
    "layer_ensemble": "it joins probes of several layers, and a task has the hidden state of one",
}
"""Methods of the literature that need what a Task of the probe backend does not have, and why."""


def _advice(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known) or 'none'}"


def _registry() -> dict[str, Method]:
    families: dict[str, tuple[Callable[..., Student], ...]] = {
        "distillation": (vanilla, soft_labels, born_again, epiplexity),
        "data filtering": (confident_only, agreement, overlap_density),
        "loss function": (auxiliary_confidence, product_confidence, reverse_kl, label_smoothing, early_stopping),
        "ensemble": (ensemble,),
        "self-training": (self_training, bootstrapping),
        "unsupervised elicitation": (zero_shot, mutual_predictability, coherence, ccs),
        "curriculum": (curriculum,),
        "evolutionary": (evolution,),
        "other": (neighbours, em_posterior),
        "model internal": (low_rank, mean_difference, principal),
    }
    every = [Method(train.__name__, train, family) for family, members in families.items() for train in members]
    return {found.name: found for found in sorted(every, key=lambda found: found.name)}


METHODS: Mapping[str, Method] = _registry()
"""All methods of the package by name."""
