"""Weak-to-strong methods by name, and the steps they are made of.

A method of one's own combines the steps: `labels` (where targets come from), `select` (which items count), `rounds`
(refinement of labels), `final` (the last fit: heads on the probe backend, adapters on the hf backend). What comes
before the last fit reads the strong model's hidden states on either backend, which costs seconds.
"""

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aarlab.errors import ResearcherError, UserError
from aarlab.w2s.methods.agreement import agreement
from aarlab.w2s.methods.auxiliary_confidence import auxiliary_confidence, product_confidence
from aarlab.w2s.methods.bootstrapping import bootstrapping
from aarlab.w2s.methods.ccs import ccs, principal
from aarlab.w2s.methods.coherence import coherence
from aarlab.w2s.methods.confident_only import confident_only
from aarlab.w2s.methods.critic import critic
from aarlab.w2s.methods.curriculum import curriculum
from aarlab.w2s.methods.distillation import born_again, reverse_kl
from aarlab.w2s.methods.em_posterior import em_posterior
from aarlab.w2s.methods.ensemble import ensemble
from aarlab.w2s.methods.epiplexity import epiplexity
from aarlab.w2s.methods.evolution import evolution
from aarlab.w2s.methods.few_shot import few_shot
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
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent

__all__ = ["ABSENT", "FAMILIES", "METHODS", "Method", "Needs", "method", "runnable"]

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


Needs = Literal["task", "model"]
"""What a method cannot do without: what every task has, or the strong model itself, which the hf backend has."""


@dataclass(frozen=True)
class Method:
    """A named way to train a student."""

    name: str
    """As in METHODS."""
    train: Callable[..., AnyStudent]
    """train(task, seed=..., **settings)"""
    family: str
    """One of FAMILIES."""
    needs: Needs = "task"
    """"model": it runs on the hf backend only."""
    heads_only: tuple[str, ...] = ()
    """Settings that an adapter does not have: refused on the hf backend."""

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

    def check(self, settings: Mapping[str, Any], *, model: bool = False) -> None:
        """Raises UserError on an unknown setting or a value that it cannot have. Choices are checked in training.

        `model` says whether there is one to fine-tune: then settings of heads are refused, too.
        """
        defaults = self.settings
        for name, value in settings.items():
            if name not in defaults:
                raise UserError(f"method {self.name} has no setting {name!r}: {_advice(name, tuple(defaults))}")
            if model and name in self.heads_only:
                raise UserError(
                    f"method {self.name}: {name} is a setting of heads, and the hf backend fine-tunes adapters "
                    "by the recipe of the task; leave it out"
                )
            check(self.name, name, value, defaults[name])

    def require(self, *, model: bool) -> None:
        """Raises ResearcherError when it needs a model and there is none."""
        if self.needs == "model" and not model:
            raise ResearcherError(
                f"method {self.name} cannot run here: it lets the strong model read or write, and the probe backend "
                "has its hidden states only; the hf backend has the model"
            )

    def __call__(self, task: Task, *, seed: int, **settings: Any) -> AnyStudent:
        """Trains. Raises UserError on an unknown setting or a value that it cannot have, ResearcherError as above."""
        model = task.strong is not None
        self.require(model=model)
        self.check(settings, model=model)
        return self.train(task, seed=seed, **settings)


def method(name: str, *, model: bool | None = None) -> Method:
    """The method of that name. Raises UserError with the nearest name, ResearcherError for one of ABSENT.

    `model` False, for the probe backend, refuses those that need a model, too.
    """
    if name in ABSENT:
        raise ResearcherError(f"method {name} cannot run here: {ABSENT[name]}")
    if name not in METHODS:
        raise UserError(f"there is no method {name!r}: {_advice(name, tuple(METHODS))}")
    if model is not None:
        METHODS[name].require(model=model)
    return METHODS[name]


def runnable(*, model: bool) -> dict[str, Method]:
    """The methods that can run with or without a model, by name."""
    return {name: found for name, found in METHODS.items() if model or found.needs == "task"}


ABSENT: Mapping[str, str] = {
    "dawid_skene": "it weighs several teachers against each other, and a task has one; em_posterior does it for one",
    "layer_ensemble": "it joins probes of several layers, and a task has the hidden state of one",
}
"""Methods of the literature that need what no Task has, and why."""

HEADS_ONLY: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("reverse_kl", "early_stopping", "curriculum"), ("l2", "rate")),
    **dict.fromkeys(("vanilla", "soft_labels", "born_again", "confident_only", "ensemble", "evolution"), ("l2",)),
    **dict.fromkeys(("auxiliary_confidence", "product_confidence", "label_smoothing"), ("l2",)),
    **dict.fromkeys(("zero_shot", "neighbours"), ("l2",)),
}
"""Settings that only the last fit reads, and only where it is a head. Elsewhere `l2` is that of other heads, too."""


def _advice(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known) or 'none'}"


def _registry() -> dict[str, Method]:
    families: dict[str, tuple[Callable[..., AnyStudent], ...]] = {
        "distillation": (vanilla, soft_labels, born_again, epiplexity),
        "data filtering": (confident_only, agreement, overlap_density),
        "loss function": (auxiliary_confidence, product_confidence, reverse_kl, label_smoothing, early_stopping),
        "ensemble": (ensemble,),
        "self-training": (self_training, bootstrapping),
        "unsupervised elicitation": (zero_shot, few_shot, mutual_predictability, coherence, ccs),
        "curriculum": (curriculum,),
        "evolutionary": (evolution,),
        "other": (neighbours, em_posterior, critic),
        "model internal": (low_rank, mean_difference, principal),
    }
    every = [_method(train, family) for family, members in families.items() for train in members]
    return {found.name: found for found in sorted(every, key=lambda found: found.name)}


def _method(train: Callable[..., AnyStudent], family: str) -> Method:
    name = train.__name__
    needs: Needs = "model" if train in (few_shot, critic) else "task"
    return Method(name, train, family, needs, HEADS_ONLY.get(name, ()))


METHODS: Mapping[str, Method] = _registry()
"""All methods of the package by name."""
