"""Problems with several scored benchmarks and gates: one score from what runs were measured to do on each.

Score = geometric mean over the scored benchmarks of the closed fraction of headroom, (x - base) / (ceiling - base).
What a problem kind does: it declares `Benchmark`s, lets Draw.grade return a `Run`, and Problem.summarise call `score`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aarlab.problem.contract import Score
from aarlab.problem.measures import Benchmark, Measured, Run

__all__ = ["ETA", "Benchmark", "Measured", "Run", "score", "visible"]

ETA = 0.02
"""Least step of the Ladder, in score."""


def visible(benchmarks: Sequence[Benchmark]) -> list[dict[str, Any]]:
    """The benchmarks that researchers may know, as plain JSON for the facts of a card."""
    names = ("name", "direction", "gate", "margin", "base", "ceiling")
    return [{name: getattr(one, name) for name in names} for one in benchmarks if not one.hidden]


def score(benchmarks: Sequence[Benchmark], runs: Sequence[Run], *, eta: float = ETA, reveal: bool = False) -> Score:
    """One score from all runs of a method, with a 95 % interval from a paired bootstrap over groups and runs.

    Hidden benchmarks are in `Score.private` only, with the mean over all: were they part of the value, it would tell
    them, since the other fractions are known. With `reveal` (the final set) they are benchmarks like all others. A row
    is gated, without a value, when the interval of its change on a gate lies wholly below -margin. Raises ValueError on
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
