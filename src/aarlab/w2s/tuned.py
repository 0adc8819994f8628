"""A student of the hf backend as data: LoRA adapters of the strong model, and how their logits are aggregated."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from aarlab.w2s.reading import FACTS, as_header, malformed, read_facts
from aarlab.w2s.student import Aggregation, Student, aggregate, check_aggregation
from aarlab.w2s.task import Floats

Half = npt.NDArray[np.float16]
Shapes = Mapping[str, tuple[int, int]]
"""Module of the model that adapters may change -> (inputs, outputs) of its matrix."""
MAX_ADAPTERS = 16
MAX_RANK = 256
MAX_HEADER = 1 << 20


@dataclass(frozen=True)
class Adapter:
    """One LoRA adapter: each module's output gains scale * B (A x). Hu et al. 2021; the scale is the task's."""

    down: Mapping[str, Half]
    """A of each module [rank, inputs]."""
    up: Mapping[str, Half]
    """B of each module [outputs, rank]."""

    @property
    def rank(self) -> int:
        """Of all modules."""
        return int(next(iter(self.down.values())).shape[0])


@dataclass(frozen=True)
class Tuned:
    """logit(x) = aggregate over adapters of the model's label log-odds; class 1 where it is > 0."""

    adapters: tuple[Adapter, ...]
    """At least one."""
    aggregation: Aggregation = "mean"
    """How the adapters' logits become one."""
    trim: float = 0.0
    """Share of the adapters dropped at each end by "trimmed mean", in [0, 0.5)."""

    def __post_init__(self) -> None:
        """Raises ResearcherError(code="malformed") on no adapter, too many, or shapes that do not fit each other."""
        if not 1 <= len(self.adapters) <= MAX_ADAPTERS:
            malformed(f"there must be 1 to {MAX_ADAPTERS} adapters")
        check_aggregation(self.aggregation, self.trim)
        for adapter in self.adapters:
            _check(adapter)

    @classmethod
    def ensemble(cls, members: "Sequence[Tuned]", *, trim: float = 0.0) -> "Tuned":
        """All adapters of several students; their logits are averaged, `trim` > 0 drops that share at each end."""
        adapters = tuple(adapter for member in members for adapter in member.adapters)
        return cls(adapters, "trimmed mean" if trim else "mean", float(trim))

    def join(self, logits: Floats) -> Floats:
        """[n] logits of the student from those of its adapters [n, k]."""
        return aggregate(logits, aggregation=self.aggregation, trim=self.trim)

    def to_bytes(self) -> bytes:
        """One safetensors file; the same student gives the same bytes."""
        facts = {"adapters": len(self.adapters), "format": 1, "aggregation": self.aggregation, "trim": self.trim}
        tensors = {
            f"{place}.{module}.{side}": matrix
            for place, adapter in enumerate(self.adapters)
            for side, matrices in (("down", adapter.down), ("up", adapter.up))
            for module, matrix in matrices.items()
        }
        return save(tensors, metadata={FACTS: json.dumps(facts, sort_keys=True, allow_nan=False)})

    @classmethod
    def from_bytes(cls, data: bytes, *, shapes: Shapes, max_bytes: int) -> "Tuned":
        """Reads a student from an untrusted file, strictly. Raises ResearcherError(code="malformed").

        Every adapter has exactly the modules of `shapes`.
        """
        header = as_header(data, max_bytes=max_bytes, max_header=MAX_HEADER)
        facts = read_facts(header, {"adapters", "format", "aggregation", "trim"})
        count = facts["adapters"]
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_ADAPTERS:
            malformed(f"there must be 1 to {MAX_ADAPTERS} adapters")
        names = {f"{place}.{module}.{side}" for place in range(count) for module in shapes for side in ("down", "up")}
        if set(header) != {"__metadata__", *names}:
            malformed("the file must hold exactly the adapted modules of the model, and metadata")
        if any(not isinstance(header[name], dict) or header[name].get("dtype") != "F16" for name in names):
            malformed("adapters must be float16")
        try:
            tensors = load(data)
        except SafetensorError:
            malformed("the file is not safetensors")
        adapters = tuple(_taken(tensors, place, shapes) for place in range(count))
        return cls(adapters, facts["aggregation"], facts["trim"])


AnyStudent = Student | Tuned
"""What a method gives: heads on hidden states, or adapters where the task has the strong model itself."""


def read_student(data: bytes, *, shapes: Shapes, max_bytes: int, dimension: int, antisymmetric: bool) -> AnyStudent:
    """Heads or adapters from an untrusted file, strictly. Raises ResearcherError(code="malformed")."""
    header = as_header(data, max_bytes=max_bytes, max_header=MAX_HEADER)
    if "weight" in header:
        return Student.from_bytes(data, dimension=dimension, antisymmetric=antisymmetric)
    return Tuned.from_bytes(data, shapes=shapes, max_bytes=max_bytes)


def _taken(tensors: Mapping[str, Half], place: int, shapes: Shapes) -> Adapter:
    down = {module: tensors[f"{place}.{module}.down"] for module in shapes}
    up = {module: tensors[f"{place}.{module}.up"] for module in shapes}
    for module, (inputs, outputs) in shapes.items():
        if down[module].shape[1:] != (inputs,) or up[module].shape[:1] != (outputs,):
            malformed(f"the adapter of {module} does not fit the model")
    return Adapter(down, up)


def _check(adapter: Adapter) -> None:
    if not adapter.down or set(adapter.down) != set(adapter.up):
        malformed("an adapter needs A and B of the same modules")
    if len({down.shape[:1] for down in adapter.down.values()}) != 1:
        malformed("all modules of an adapter must have the same rank")
    for module, down in adapter.down.items():
        up = adapter.up[module]
        if down.dtype != np.float16 or up.dtype != np.float16:
            malformed("adapters must be float16")
        if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1] or not 1 <= down.shape[0] <= MAX_RANK:
            malformed(f"an adapter's matrices must share a rank of 1 to {MAX_RANK}")
        if not all(math.isfinite(float(np.abs(part).max(initial=0))) for part in (down, up)):
            malformed("adapters must be finite")
