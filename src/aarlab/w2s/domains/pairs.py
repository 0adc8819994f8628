"""Other pairs of models on the embedded texts: a larger one that is shipped, and any two layers where the model is.

The "models" of the probe backend are the first layers of one language model, each with a head. The larger pair has the
usual teacher and a student that reads further up; both are wholes of that network, not models trained apart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from aarlab.canonical import digest, digest_json
from aarlab.errors import UserError
from aarlab.w2s.backends.features import VERSION, Progress, PromptGroup, featurise
from aarlab.w2s.domains.embedded import load_embedded
from aarlab.w2s.domains.pool import FloatArray, Pool
from aarlab.w2s.domains.recipes import RECIPES, prompt_text
from aarlab.w2s.domains.shipped import DATA, Quantised, read_texts


@dataclass(frozen=True)
class Large:
    """Which features of the larger pair are shipped."""

    strong_layer: int
    """What its student reads."""
    rows: int
    """Of how many of the domain's pairs, from the first."""


LARGE: Mapping[str, Large] = {
    "chat": Large(strong_layer=20, rows=4000),
    "math": Large(strong_layer=24, rows=1500),
    "code": Large(strong_layer=24, rows=1500),
}
"""By domain. Of a part of the rows, as every layer of a row is 576 bytes in the package."""


def load_large(name: str) -> Pool:
    """The larger pair of an embedded domain. Raises UserError where none is shipped."""
    if name not in LARGE:
        raise UserError(
            f"no larger pair of models is shipped for {name} (there is one for {', '.join(LARGE)}); "
            "name two layers with --weak and --strong"
        )
    path = _file(name, DATA)
    with safe_open(path, framework="numpy") as file:
        strong = Quantised(file.get_tensor("strong"), file.get_tensor("strong_scale")).restore()
        layer = int(json.loads(file.metadata()["facts"])["strong_layer"])
    pool = first_rows(load_embedded(name), len(strong))
    return replace(
        pool, strong=strong, strong_layer=layer, digest=digest_json([pool.digest, digest(path.read_bytes())])
    )


def first_rows(pool: Pool, limit: int) -> Pool:
    """The pool cut after its first rows, those of its features and no more."""
    if limit >= len(pool):
        return pool
    cues, texts = pool.cues, pool.texts
    return replace(
        pool,
        weak=pool.weak[:limit],
        strong=pool.strong[:limit],
        prior=pool.prior[:limit],
        label=pool.label[:limit],
        group=pool.group[:limit],
        role=pool.role[:limit],
        subset=pool.subset[:limit],
        digest=digest_json([pool.digest, "first", limit]),
        texts=None if texts is None else lambda: texts()[:limit],
        cues=lambda: {rule: answers[:limit] for rule, answers in cues().items()},
    )


def of_layers(
    name: str,
    layers: tuple[int | None, int | None],
    *,
    limit: int | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Pool:
    """An embedded domain read at two layers of the model, of the teacher and of the student; None = the usual one.

    What is shipped is not computed; the prior is the shipped one. Raises MissingModelError, and ValueError on layers
    that do not exist.
    """
    pool = load_embedded(name)
    pool = pool if limit is None else first_rows(pool, limit)
    usual = (pool.weak_layer, pool.strong_layer)
    weak, strong = (own if own is not None else other for own, other in zip(layers, usual, strict=True))
    known = {pool.weak_layer: pool.weak, pool.strong_layer: pool.strong}
    lacking = tuple(sorted({weak, strong} - set(known)))
    if lacking:
        known |= _computed(name, lacking, rows=len(pool), cache=cache, progress=progress)
    return replace(
        pool,
        weak=known[weak],
        strong=known[strong],
        weak_layer=weak,
        strong_layer=strong,
        digest=digest_json([pool.digest, VERSION, weak, strong]),
    )


def write_large(name: str, *, cache: Path | None = None, progress: Progress | None = None, folder: Path = DATA) -> None:
    """Computes and writes the features of LARGE; the same content gives the same bytes. Raises MissingModelError."""
    large = LARGE[name]
    features = _computed(name, (large.strong_layer,), rows=large.rows, cache=cache, progress=progress)
    write_strong(name, features[large.strong_layer], layer=large.strong_layer, folder=folder)


def write_strong(name: str, features: FloatArray, *, layer: int, folder: Path = DATA) -> None:
    """Writes [n, d] features as NAME.large.safetensors."""
    packed = Quantised.of(features)
    facts = json.dumps({"features": VERSION, "strong_layer": layer}, sort_keys=True)
    tensors: dict[str, NDArray[Any]] = {"strong": packed.values, "strong_scale": packed.scale}
    _file(name, folder).write_bytes(save(tensors, metadata={"facts": facts}))


def check_large(name: str, *, rows: int, cache: Path | None = None, progress: Progress | None = None) -> float:
    """The share of the first `rows` shipped numbers that come out the same, to one step of int8, when computed again.

    Raises MissingModelError.
    """
    with safe_open(_file(name, DATA), framework="numpy") as file:
        values, scale = file.get_tensor("strong")[:rows], file.get_tensor("strong_scale")
    layer = LARGE[name].strong_layer
    again = _computed(name, (layer,), rows=len(values), cache=cache, progress=progress)[layer]
    steps = np.abs(Quantised.of(again, scale).values.astype(np.int16) - values)
    return float(np.mean(steps <= 1))


def _file(name: str, folder: Path) -> Path:
    return folder / f"{name}.large.safetensors"


def _computed(
    name: str, layers: tuple[int, ...], *, rows: int, cache: Path | None, progress: Progress | None
) -> dict[int, FloatArray]:
    """Right minus wrong [rows, d] at each layer."""
    recipe = RECIPES[name]
    groups = [
        PromptGroup(prompt_text(row.prompt), (recipe.response(row.good), recipe.response(row.bad)))
        for row in read_texts(name)[:rows]
    ]
    found = featurise(groups, layers=layers, likelihoods=False, cache=cache, progress=progress)
    return {
        layer: np.stack([features.hidden[0, place] - features.hidden[1, place] for features in found])
        for place, layer in enumerate(layers)
    }
