"""The files of an embedded domain: int8 features with a scale for each dimension, and the texts behind them."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from aarlab.canonical import digest
from aarlab.w2s.domains.pool import FloatArray, IntArray

DATA = Path(__file__).parent / "data"
CLIP_QUANTILE = 0.999
"""Share of the values of a dimension that int8 holds without clipping."""
TINY = 1e-9


@dataclass(frozen=True)
class Quantised:
    """Features in int8."""

    values: NDArray[np.int8]
    """[n, d] multiples of `scale`."""
    scale: FloatArray
    """[d]"""

    @classmethod
    def of(cls, features: FloatArray, scale: FloatArray | None = None) -> Self:
        """Rounds [n, d] features to int8, by default with the scale that fits them."""
        if scale is None:
            scale = (np.quantile(np.abs(features), CLIP_QUANTILE, axis=0) / 127 + TINY).astype(np.float32)
        return cls(np.clip(np.rint(features / scale), -127, 127).astype(np.int8), scale)

    def restore(self) -> FloatArray:
        """[n, d] float32."""
        return self.values * self.scale


@dataclass(frozen=True)
class Shipped:
    """The numbers of an embedded domain, pairs as right minus wrong."""

    weak: Quantised
    strong: Quantised
    prior: FloatArray
    """[n] evidence for the right response minus that for the wrong one."""
    group: IntArray
    """[n]"""
    subset: tuple[str, ...]
    """[n]"""
    facts: dict[str, Any]
    """Layers and the version of the features."""


@dataclass(frozen=True)
class TextPair:
    """One row of the text file."""

    id: int
    """Position."""
    prompt: str
    good: str
    bad: str
    subset: str
    group: str


def read_texts(name: str, *, folder: Path = DATA) -> list[TextPair]:
    """The texts behind a domain's features, in the same order."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf8") as stream:
        return [TextPair(**json.loads(line)) for line in stream]


def group_numbers(names: Sequence[str]) -> IntArray:
    """Numbers names by first appearance."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def write_shipped(name: str, shipped: Shipped, *, folder: Path = DATA) -> None:
    """Writes NAME.safetensors; the same content gives the same bytes."""
    slices = sorted(set(shipped.subset))
    tensors: dict[str, NDArray[Any]] = {
        "weak": shipped.weak.values,
        "weak_scale": shipped.weak.scale,
        "strong": shipped.strong.values,
        "strong_scale": shipped.strong.scale,
        "prior": shipped.prior.astype(np.float32),
        "group": shipped.group.astype(np.int32),
        "subset": np.array([slices.index(part) for part in shipped.subset], np.uint8),
    }
    facts = json.dumps({**shipped.facts, "subsets": slices}, sort_keys=True)
    (folder / f"{name}.safetensors").write_bytes(save(tensors, metadata={"facts": facts}))


def read_shipped(name: str, *, folder: Path = DATA) -> tuple[Shipped, str]:
    """Reads NAME.safetensors; also returns the SHA-256 of its bytes."""
    path = folder / f"{name}.safetensors"
    with safe_open(path, framework="numpy") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
        facts = json.loads(file.metadata()["facts"])
    slices = facts.pop("subsets")
    shipped = Shipped(
        weak=Quantised(tensors["weak"], tensors["weak_scale"]),
        strong=Quantised(tensors["strong"], tensors["strong_scale"]),
        prior=tensors["prior"],
        group=tensors["group"].astype(np.int64),
        subset=tuple(slices[code] for code in tensors["subset"]),
        facts=facts,
    )
    return shipped, digest(path.read_bytes())
