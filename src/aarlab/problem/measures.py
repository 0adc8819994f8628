"""What a problem with several benchmarks declares, and what its runs were measured to do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One measured quantity of a problem. Raises ValueError on a declaration that cannot be scored."""

    name: str
    """For example "sycophancy"."""
    direction: Literal["up", "down"]
    """Whether more is better ("up": accuracy) or less is ("down": failure rate)."""
    base: float | None = None
    """Value of the unchanged base model; None where it is measured on the same items, beside every run."""
    ceiling: float | None = None
    """The best possible value, above the base if `direction` is "up", below it if "down"; None as in `base`."""
    hidden: bool = False
    """Whether researchers never learn of it: it enters what the operator sees, and the final set, but no ranking."""
    gate: bool = False
    """Whether it is a capability that must be kept: never part of the mean, needs no ceiling."""
    margin: float = 0.0
    """What a gate lets a method lose, in units of the value."""

    def __post_init__(self) -> None:
        if self.gate and self.hidden:
            raise ValueError(f"benchmark {self.name}: a gate cannot be hidden, for a gated row says why")
        if not (math.isfinite(self.margin) and self.margin >= 0) or (self.margin and not self.gate):
            raise ValueError(f"benchmark {self.name}: a margin belongs to a gate, and is a number of at least 0")
        for value in (self.base, self.ceiling):
            if value is not None and not math.isfinite(value):
                raise ValueError(f"benchmark {self.name}: base and ceiling must be finite")
        if self.base is not None and self.ceiling is not None and self.sign * (self.ceiling - self.base) <= 0:
            raise ValueError(
                f"benchmark {self.name}: the ceiling is not better than the base, so nothing can be closed"
            )

    @property
    def sign(self) -> int:
        """1 if more is better, else -1."""
        return 1 if self.direction == "up" else -1


@dataclass(frozen=True)
class Measured:
    """What one run did on one benchmark. All arrays are [n], one entry an item (or a group's mean)."""

    group: "npt.NDArray[np.int64]"
    """Items of one group stand or fall together; the same id in two runs or benchmarks is the same question."""
    value: "npt.NDArray[Any]"
    """Result of the method, for example 0.0 or 1.0."""
    base: "npt.NDArray[Any] | None" = None
    """Result of the base model on the same items; None where the benchmark has a fixed base."""
    ceiling: "npt.NDArray[Any] | None" = None
    """Result of the best possible on the same items; None where the benchmark has a fixed one."""


Run: TypeAlias = Mapping[str, Measured]
"""Everything that one run was measured to do, by name of the benchmark."""
