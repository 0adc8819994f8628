"""Problems with several scored benchmarks and gates: one score from what runs were measured to do on each.

Score = geometric mean over the scored benchmarks of the closed fraction of headroom, (x - base) / (ceiling - base).
What a problem kind does: it declares `Benchmark`s, lets Draw.grade return a `Run`, and Problem.summarise call `score`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from aarlab.problem.contract import Score

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FLOOR = 0.0
"""Least fraction that enters the mean. What is worse than the base model counts as nothing gained, and so makes the
score 0 whatever the others are: nothing is bought with a loss. Nothing is clipped above."""
ETA = 0.02
"""Least step of the Ladder, in score."""


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

    def __post_init__(self) -> None:
        if self.gate and self.hidden:
            raise ValueError(f"benchmark {self.name}: a gate cannot be hidden, for a gated row says why")
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


def visible(benchmarks: Sequence[Benchmark]) -> list[dict[str, Any]]:
    """The benchmarks that researchers may know, as plain JSON for the facts of a card."""
    return [
        {"name": one.name, "direction": one.direction, "gate": one.gate, "base": one.base, "ceiling": one.ceiling}
        for one in benchmarks
        if not one.hidden
    ]


def score(benchmarks: Sequence[Benchmark], runs: Sequence[Run], *, eta: float = ETA, reveal: bool = False) -> Score:
    """One score from all runs of a method, with a 95 % interval from a paired bootstrap over groups and runs.

    Hidden benchmarks are in `Score.private` only, with the mean over all: were they part of the value, it would tell
    them, since the other fractions are known. With `reveal` (the final set) they are benchmarks like all others. A row
    is gated, without a value, when the interval of what it lost on a gate lies wholly below 0. Raises ValueError on
    fewer than two runs, no scored benchmark, or measurements that are incomplete.
    """
    from aarlab.problem.closed import closed  # numpy: slow to import, needed only to score

    shown = [one for one in benchmarks if reveal or not one.hidden]
    found = closed(shown, runs)
    facts = _facts(found)
    refusal = _gated(found["gates"]) or _unmeasured(found["benchmarks"])
    private = {} if len(shown) == len(benchmarks) else _private(closed(benchmarks, runs), benchmarks)
    if refusal:
        return Score(None, None, None, facts, refusal, private)
    value, low, high = found["score"]
    se = round((high - low) / (2 * 1.959964), 10)
    return Score(value, low, high, {**facts, "ladder": {"level": value, "se": se, "eta": eta}}, None, private)


def _facts(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in found.items() if name != "score"}


def _private(found: Mapping[str, Any], benchmarks: Sequence[Benchmark]) -> dict[str, Any]:
    """What the operator sees: the mean over all benchmarks, and those that are hidden."""
    hidden = {one.name: found["benchmarks"][one.name] for one in benchmarks if one.hidden}
    value, low, high = found["score"]
    return {"value": value, "low": low, "high": high, "benchmarks": hidden}


def _gated(gates: Mapping[str, Mapping[str, Any]]) -> str | None:
    lost = [
        f"{name} is {entry['mean']:.3f} where the base model has {entry['base']:.3f} "
        f"(95 % interval of the change {entry['low']:+.3f} to {entry['high']:+.3f})"
        for name, entry in gates.items()
        if entry["verdict"] == "gated"
    ]
    return f"gated: it gives up a capability: {'; '.join(lost)}" if lost else None


def _unmeasured(benchmarks: Mapping[str, Mapping[str, Any]]) -> str | None:
    lost = [
        f"on {name} the best possible ({entry['ceiling']:.3f}) is not measurably better than the base model "
        f"({entry['base']:.3f}; 95 % interval of the headroom {entry['headroom_low']:+.3f} to "
        f"{entry['headroom_high']:+.3f}), so its fraction would divide by noise"
        for name, entry in benchmarks.items()
        if entry["fraction"] is None
    ]
    return "; ".join(lost) or None
