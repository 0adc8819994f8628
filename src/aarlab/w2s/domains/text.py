"""A pool from a user's own rows of text: pairs of answers, or single solutions to judge."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from aarlab.canonical import digest_json
from aarlab.errors import UserError
from aarlab.w2s.backends.features import VERSION, GroupFeatures, ItemError, Progress, PromptGroup, featurise
from aarlab.w2s.backends.smollm import MissingModelError
from aarlab.w2s.domains.cues import text_cues
from aarlab.w2s.domains.pool import FloatArray, IntArray, Kind, Pool
from aarlab.w2s.domains.recipes import Recipe, evidence, prompt_text
from aarlab.w2s.domains.shipped import group_numbers

__all__ = ["USER_RECIPE", "MissingModelError", "centred", "pool_from_rows", "pool_of", "row_texts"]

USER_RECIPE = Recipe(weak_layer=8, strong_layer=20, prior="mean")
"""Default for texts that nobody has measured. The mean does not favour long or short responses."""


class _Labelled(Protocol):
    @property
    def label(self) -> int: ...
    @property
    def group(self) -> str | None: ...
    @property
    def subset(self) -> str | None: ...


@runtime_checkable
class PairText(_Labelled, Protocol):
    """Two responses to a prompt; label 1 says that the second is right."""

    @property
    def prompt(self) -> str: ...
    @property
    def first(self) -> str: ...
    @property
    def second(self) -> str: ...


@runtime_checkable
class ChoiceText(_Labelled, Protocol):
    """One solution to a question; label 1 says that it is right."""

    @property
    def question(self) -> str: ...
    @property
    def choice(self) -> str: ...


Row = PairText | ChoiceText
Features = tuple[FloatArray, FloatArray, FloatArray]
"""Of the weak teacher [n, d'], of the strong student [n, d], and zero-shot evidence [n]."""


def pool_from_rows(
    rows: Sequence[Row],
    roles: Sequence[int],
    *,
    name: str,
    ood: Sequence[bool | None] | None = None,
    recipe: Recipe = USER_RECIPE,
    progress: Progress | None = None,
    cache: Path | None = None,
    workers: int | None = None,
) -> Pool:
    """Encodes rows of one kind with the language model; `roles` [n] are those of the pool's module.

    `ood` [n] says which rows lie outside of the training distribution, as far as anybody has said.

    A pair becomes "second minus first". A choice is centred on the mean of its group (rows without one are grouped by
    question), which removes what all solutions of a question share; choices that are alone in their group are centred
    on each other. Every (prompt, response) is computed once however often it occurs. `progress` gets tokens done and
    in total. Raises MissingModelError when the model is not installed, UserError on a text that is too long for it,
    and ValueError on rows of both kinds.
    """
    kind = kind_of(rows)
    encoded = _encode(rows, recipe, progress=progress, cache=cache, workers=workers)
    features = _pairs(encoded) if kind == "pairs" else _choices(encoded, groups_of(rows))
    layers = (recipe.weak_layer, recipe.strong_layer)
    return pool_of(rows, roles, features, name=name, ood=ood, layers=layers, digest=_digest(rows, roles, recipe))


def pool_of(
    rows: Sequence[Row],
    roles: Sequence[int],
    features: Features,
    *,
    name: str,
    ood: Sequence[bool | None] | None,
    layers: tuple[int, int],
    digest: str,
) -> Pool:
    """The pool of rows whose `features` are known; `layers` are those of the weak and the strong ones.

    Raises ValueError on rows of both kinds.
    """
    groups = groups_of(rows)
    weak, strong, prior = features
    return Pool(
        name=name,
        kind=kind_of(rows),
        weak=weak,
        strong=strong,
        prior=prior,
        label=np.array([row.label for row in rows], np.int64),
        group=groups,
        role=np.array(roles, np.int64),
        subset=tuple(row.subset or "" for row in rows),
        weak_layer=layers[0],
        strong_layer=layers[1],
        digest=digest,
        texts=partial(row_texts, rows),
        ood=_marks(ood or ()),
        cues=partial(text_cues, partial(row_texts, rows), groups),
    )


def groups_of(rows: Sequence[Row]) -> IntArray:
    """[n] the group of each row, by number; rows without one are grouped by question."""
    return group_numbers([f"group:{r.group}" if r.group is not None else f"text:{_texts(r)[0]}" for r in rows])


def _marks(ood: Sequence[bool | None]) -> IntArray | None:
    """[n] as in Pool.ood."""
    if all(mark is None for mark in ood):
        return None
    return np.array([-1 if mark is None else int(mark) for mark in ood], np.int64)


def kind_of(rows: Sequence[Row]) -> Kind:
    """Of all rows. Raises ValueError unless it is one."""
    kinds: set[Kind] = {"pairs" if isinstance(row, PairText) else "choices" for row in rows}
    if len(kinds) != 1:
        raise ValueError("rows must be all pairs or all choices, and at least one")
    return kinds.pop()


def _texts(row: Row) -> tuple[str, ...]:
    """The prompt and its one or two responses."""
    if isinstance(row, PairText):
        return row.prompt, row.first, row.second
    return row.question, row.choice


def row_texts(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """[n] the prompt of each row and its one or two responses."""
    return [_texts(row) for row in rows]


def _digest(rows: Sequence[Row], roles: Sequence[int], recipe: Recipe) -> str:
    """Names the content, not the numbers: those differ in the last bits from machine to machine."""
    settings = [VERSION, recipe.weak_layer, recipe.strong_layer, recipe.prior, recipe.separator]
    return digest_json([settings, content(rows, roles)])


def content(rows: Sequence[Row], roles: Sequence[int]) -> list[list[Any]]:
    """All of the rows that makes a problem, as JSON."""
    return [[*_texts(r), r.label, r.group, r.subset, role] for r, role in zip(rows, roles, strict=True)]


Encoded = tuple[FloatArray, FloatArray]
"""[n, responses, 2, d] hidden states (weak, strong) and [n, responses] evidence."""

Responses = dict[str, dict[str, int]]
"""For each prompt its distinct responses, numbered."""


def _encode(rows: Sequence[Row], recipe: Recipe, **options: Any) -> Encoded:
    responses = _responses(rows)
    found = dict(zip(responses, _features(rows, responses, recipe, **options), strict=True))
    scores = {prompt: evidence(features, recipe.prior) for prompt, features in found.items()}
    places = [(prompt, [responses[prompt][t] for t in texts]) for prompt, *texts in map(_texts, rows)]
    hidden = np.stack([found[prompt].hidden[at] for prompt, at in places])
    return hidden, np.stack([scores[prompt][at] for prompt, at in places])


def _responses(rows: Sequence[Row]) -> Responses:
    responses: Responses = {}
    for prompt, *texts in map(_texts, rows):
        known = responses.setdefault(prompt, {})
        for text in texts:
            known.setdefault(text, len(known))
    return responses


def _features(rows: Sequence[Row], responses: Responses, recipe: Recipe, **options: Any) -> list[GroupFeatures]:
    groups = [PromptGroup(prompt_text(p), tuple(map(recipe.response, known))) for p, known in responses.items()]
    layers = (recipe.weak_layer, recipe.strong_layer)
    try:
        return featurise(groups, layers=layers, unconditional=recipe.prior == "pmi", **options)
    except ItemError as error:
        prompt = list(responses)[error.group]
        text = list(responses[prompt])[error.response]
        raise UserError(f"{_place(rows, prompt, text)}: {error.reason}") from None


def _place(rows: Sequence[Row], prompt: str, text: str) -> str:
    """Where the response stands first: file and line if the rows know them, else the row's number from 1."""
    index = next(i for i, (own, *texts) in enumerate(map(_texts, rows)) if own == prompt and text in texts)
    return str(getattr(rows[index], "where", f"row {index + 1}"))


def _pairs(encoded: Encoded) -> Features:
    hidden, scores = encoded
    difference = hidden[:, 1] - hidden[:, 0]
    return difference[:, 0], difference[:, 1], scores[:, 1] - scores[:, 0]


def _choices(encoded: Encoded, groups: IntArray) -> Features:
    hidden, scores = encoded
    return centred(hidden[:, 0, 0], groups), centred(hidden[:, 0, 1], groups), centred(scores[:, 0], groups)


def centred(values: FloatArray, groups: IntArray) -> FloatArray:
    """Subtracts from each row the mean of its group; rows that are alone in theirs are one group."""
    sizes = np.bincount(groups)
    groups = np.where(sizes[groups] == 1, len(sizes), groups)
    columns = values.reshape(len(values), -1).astype(np.float64)
    sums = np.zeros((int(groups.max()) + 1, columns.shape[1]))
    np.add.at(sums, groups, columns)
    counts = np.maximum(np.bincount(groups), 1)[:, None]
    return np.asarray(columns - (sums / counts)[groups], np.float32).reshape(values.shape)
