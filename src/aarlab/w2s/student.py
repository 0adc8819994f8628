"""A trained student as data: linear heads on the strong model's hidden states, and how they are aggregated."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from aarlab.w2s.reading import FACTS, as_header, malformed, read_facts
from aarlab.w2s.task import Array, Floats

Aggregation = Literal["mean", "trimmed mean"]
MAX_BYTES = 16 << 20
MAX_HEADER = 4096
MAX_HEADS = 1024


@dataclass(frozen=True)
class Student:
    """logit(x) = aggregate over heads of (weight . hidden(x) + bias); class 1 where it is > 0.

    That is what the ceiling is, too. The zero-shot prior is for training: a student that added it to its answer
    reached PGR 1.0 on chat, not by recovering the gap but by reading more than the ceiling does.
    """

    weight: Array
    """[k, d], one row a head."""
    bias: Array
    """[k]; all zero where features are antisymmetric, so that swapping a pair flips the answer."""
    aggregation: Aggregation = "mean"
    """How the heads' logits become one."""
    trim: float = 0.0
    """Share of the heads dropped at each end by "trimmed mean", in [0, 0.5)."""

    def __post_init__(self) -> None:
        """Raises ResearcherError(code="malformed") on anything but finite float32 heads of matching shapes."""
        if self.weight.dtype != np.float32 or self.bias.dtype != np.float32:
            malformed("heads must be float32")
        if self.weight.ndim != 2 or not 1 <= len(self.weight) <= MAX_HEADS:
            malformed(f"weight must be [heads, dimension] with 1 to {MAX_HEADS} heads")
        if self.bias.shape != (len(self.weight),):
            malformed("bias must have one number for each head")
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            malformed("heads must be finite")
        check_aggregation(self.aggregation, self.trim)

    @classmethod
    def linear(cls, weight: npt.ArrayLike, *, bias: float = 0.0) -> "Student":
        """One head."""
        return cls(_float32(np.asarray(weight)[None]), _float32([bias]))

    @classmethod
    def ensemble(
        cls,
        weights: Sequence[npt.ArrayLike],
        *,
        biases: Sequence[float] | None = None,
        trim: float = 0.0,
    ) -> "Student":
        """Several heads; their logits are averaged, with `trim` > 0 after dropping that share at each end."""
        aggregation: Aggregation = "trimmed mean" if trim else "mean"
        bias = _float32(np.zeros(len(weights)) if biases is None else list(biases))
        return cls(_float32(list(weights)), bias, aggregation, float(trim))

    def predict(self, hidden: Array) -> Floats:
        """[n] logits of `hidden` [n, d]. Items do not interact, so order and company cannot matter."""
        logits = hidden.astype(np.float64) @ self.weight.T.astype(np.float64) + self.bias
        return aggregate(logits, aggregation=self.aggregation, trim=self.trim)

    def to_bytes(self) -> bytes:
        """One safetensors file; the same student gives the same bytes."""
        facts = {"format": 1, "aggregation": self.aggregation, "trim": self.trim}
        text = json.dumps(facts, sort_keys=True, allow_nan=False)
        return save({"weight": self.weight, "bias": self.bias}, metadata={FACTS: text})

    @classmethod
    def from_bytes(cls, data: bytes, *, dimension: int, antisymmetric: bool) -> "Student":
        """Reads a student from an untrusted file, strictly. Raises ResearcherError(code="malformed")."""
        facts = read_facts(_header(data), {"format", "aggregation", "trim"})
        try:
            tensors = load(data)
        except SafetensorError:
            malformed("the file is not safetensors")
        student = cls(tensors["weight"], tensors["bias"], facts["aggregation"], facts["trim"])
        if student.weight.shape[1] != dimension:
            malformed(f"heads must have {dimension} numbers each")
        if antisymmetric and student.bias.any():
            malformed("on pairs the bias must be zero")
        return student


def _float32(value: object) -> Array:
    """Copies to float32; what does not fit becomes infinite and is refused by the student."""
    try:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(np.asarray(value, dtype=np.float64).astype(np.float32))
    except (TypeError, ValueError):
        malformed("heads must be numbers, all of one length")


def aggregate(logits: Floats, *, aggregation: Aggregation, trim: float) -> Floats:
    """[n] one logit an item from those of k members [n, k]; "trimmed mean" drops the share `trim` at each end."""
    if aggregation == "trimmed mean":
        cut = int(trim * logits.shape[1])
        logits = np.sort(logits, axis=1)[:, cut : logits.shape[1] - cut]
    total: Floats = logits.mean(axis=1)
    return total


def check_aggregation(aggregation: object, trim: object) -> None:
    """Raises ResearcherError(code="malformed") on an unknown one, or a trim outside [0, 0.5)."""
    if aggregation not in ("mean", "trimmed mean"):
        malformed('aggregation must be "mean" or "trimmed mean"')
    if not isinstance(trim, float) or not 0 <= trim < 0.5:
        malformed("trim must be a number in [0, 0.5)")


def _header(data: bytes) -> dict[str, Any]:
    """Checked before any library sees the file."""
    header = as_header(data, max_bytes=MAX_BYTES, max_header=MAX_HEADER)
    if set(header) != {"__metadata__", "weight", "bias"}:
        malformed('the file must hold exactly "weight", "bias" and metadata')
    if any(not isinstance(header[name], dict) or header[name].get("dtype") != "F32" for name in ("weight", "bias")):
        malformed("heads must be float32")
    return header
