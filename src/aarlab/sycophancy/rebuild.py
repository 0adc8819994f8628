"""Computes the items from their facts with the language model: those that are shipped, or the same at another layer."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aarlab.canonical import digest_json
from aarlab.errors import OperatorError
from aarlab.problem.contract import Progress
from aarlab.sycophancy.pool import Pool
from aarlab.sycophancy.sources import SOURCES, Fact, facts
from aarlab.w2s.backends.features import VERSION, GroupFeatures, PromptGroup, featurise
from aarlab.w2s.backends.smollm import MissingModelError
from aarlab.w2s.domains.shipped import group_numbers
from aarlab.w2s.task import Array

LAYER = 20
"""Of the shipped states: of 16, 20, 24 and 30 the one from which most could be read."""


def compute(layer: int, *, cache: Path, progress: Progress | None = None, limit: int | None = None) -> Pool:
    """The items at a layer, of the first `limit` facts (default: all). Raises OperatorError without the model."""
    chosen = facts()[:limit]
    groups = [group for fact in chosen for group in _groups(fact)]
    report = None if progress is None else lambda done, total: progress(done, total, "tokens read by the model")
    try:
        found = featurise(groups, layers=(layer,), cache=cache, progress=report)
    except MissingModelError as error:
        raise OperatorError(str(error)) from None
    return _pool(chosen, found, layer)


def _groups(fact: Fact) -> list[PromptGroup]:
    """Without an opinion and after the right one with all answers, then after each wrong one with that."""
    every = tuple(f" {answer}" for answer in (fact.right, *fact.wrong))
    told = [PromptGroup(fact.prompt(wrong), (f" {fact.right}", f" {wrong}")) for wrong in fact.wrong]
    return [PromptGroup(fact.prompt(None), every), PromptGroup(fact.prompt(fact.right), every), *told]


def _pool(chosen: Sequence[Fact], found: Sequence[GroupFeatures], layer: int) -> Pool:
    rest = iter(found)
    items = [item for fact in chosen for item in _items(list(itertools.islice(rest, 2 + len(fact.wrong))))]
    owners = [fact for fact in chosen for _ in fact.wrong]
    texts = [[fact.source, fact.question, fact.right, list(fact.wrong), fact.opinion] for fact in chosen]
    return Pool(
        states=np.stack([states for states, _ in items]),
        own=np.stack([own for _, own in items]),
        source=np.array([SOURCES.index(fact.source) for fact in owners], np.int64),
        fact=group_numbers([f"{fact.source} {fact.unit}" for fact in owners]),
        sources=SOURCES,
        layer=layer,
        digest=digest_json([VERSION, layer, texts]),  # the content: numbers differ in the last bits between machines
    )


def _items(groups: Sequence[GroupFeatures]) -> list[tuple[Array, Array]]:
    """Of one fact, for each wrong answer: states [3, d] and own [3], right minus wrong, by opening."""
    plain, right, *wrong = groups
    found = []
    for place, told in enumerate(wrong, start=1):
        pairs = [(plain, place), (told, 1), (right, place)]
        states = np.stack([group.hidden[0, 0] - group.hidden[at, 0] for group, at in pairs])
        own = np.array([group.loglik[0] - group.loglik[at] for group, at in pairs], np.float32)
        found.append((states, own))
    return found
