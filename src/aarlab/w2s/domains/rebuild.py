"""Recomputes an embedded domain from its texts, to check the shipped numbers or to write them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aarlab.w2s.backends.features import VERSION, GroupFeatures, Progress, PromptGroup, featurise
from aarlab.w2s.domains.pool import FloatArray
from aarlab.w2s.domains.recipes import RECIPES, Recipe, evidence, prompt_text
from aarlab.w2s.domains.shipped import (
    DATA,
    Quantised,
    Shipped,
    TextPair,
    group_numbers,
    read_shipped,
    read_texts,
    write_shipped,
)


@dataclass(frozen=True)
class RebuildReport:
    """How far recomputed numbers lie from the shipped ones."""

    rows: int
    """Pairs compared."""
    largest_difference: int
    """Largest absolute difference between int8 features, in steps; 1 is rounding."""
    equal_share: float
    """Share of int8 features that are equal."""
    sign_agreement: float
    """Share of pairs on which both priors favour the same side."""

    @property
    def reproduced(self) -> bool:
        """Whether the differences are those of rounding."""
        return self.largest_difference <= 1 and self.equal_share > 0.99 and self.sign_agreement > 0.99


def rebuild(
    name: str,
    *,
    write: bool = False,
    limit: int | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    folder: Path = DATA,
) -> RebuildReport:
    """Recomputes features and priors of the first `limit` pairs (default: all) and compares them.

    With `write` the shipped numbers are replaced first, which needs all rows. Raises MissingModelError, and
    ValueError on an unknown name.
    """
    if name not in RECIPES or (write and limit is not None):
        raise ValueError(f"{name!r} is not a domain that can be rebuilt ({', '.join(RECIPES)}), or rows are left out")
    recipe, texts = RECIPES[name], read_texts(name, folder=folder)[:limit]
    features = _features(texts, recipe, progress=progress, cache=cache, workers=workers)
    if write:
        write_shipped(name, _shipped(texts, features, recipe), folder=folder)
    return _compare(read_shipped(name, folder=folder)[0], features, recipe)


def _features(texts: Sequence[TextPair], recipe: Recipe, **options: Any) -> list[GroupFeatures]:
    groups = [
        PromptGroup(prompt_text(row.prompt), (recipe.response(row.good), recipe.response(row.bad))) for row in texts
    ]
    layers = (recipe.weak_layer, recipe.strong_layer)
    return featurise(groups, layers=layers, unconditional=recipe.prior == "pmi", **options)


def _numbers(features: Sequence[GroupFeatures], recipe: Recipe) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Right minus wrong: weak [n, d], strong [n, d], prior [n]."""
    hidden: FloatArray = np.stack([f.hidden[0] - f.hidden[1] for f in features])
    scores: FloatArray = np.stack([evidence(f, recipe.prior) for f in features])
    return hidden[:, 0], hidden[:, 1], scores[:, 0] - scores[:, 1]


def _shipped(texts: Sequence[TextPair], features: Sequence[GroupFeatures], recipe: Recipe) -> Shipped:
    weak, strong, prior = _numbers(features, recipe)
    layers = {"weak_layer": recipe.weak_layer, "strong_layer": recipe.strong_layer}
    return Shipped(
        weak=Quantised.of(weak),
        strong=Quantised.of(strong),
        prior=prior,
        group=group_numbers([row.group for row in texts]),
        subset=tuple(row.subset for row in texts),
        facts={**layers, "features": VERSION, "prior": recipe.prior},
    )


def _compare(shipped: Shipped, features: Sequence[GroupFeatures], recipe: Recipe) -> RebuildReport:
    count = len(features)
    weak, strong, prior = _numbers(features, recipe)
    differences = [
        np.abs(Quantised.of(new, old.scale).values.astype(np.int16) - old.values[:count])
        for new, old in ((weak, shipped.weak), (strong, shipped.strong))
    ]
    steps = np.concatenate(differences)
    agreement = np.mean(np.sign(prior) == np.sign(shipped.prior[:count]))
    return RebuildReport(count, int(steps.max()), float(np.mean(steps == 0)), float(agreement))
