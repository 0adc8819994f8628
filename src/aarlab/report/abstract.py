"""A study in a few sentences of numbers, and what in it came to nothing. All figures are the lab's."""

from collections import Counter
from dataclasses import dataclass

from aarlab.lab.board import leader
from aarlab.lab.state import State
from aarlab.problem.contract import BASELINE
from aarlab.report.costs import Costs
from aarlab.report.numbers import marks, methods
from aarlab.wire import Board, BoardRow


@dataclass(frozen=True)
class Negatives:
    """Verified work that shows nothing better, and what was begun and not shown."""

    below: tuple[BoardRow, ...]
    """Methods whose whole interval lies below the baseline."""
    level: tuple[BoardRow, ...]
    """Methods whose interval reaches down to the baseline: nobody can tell them from it."""
    failed: tuple[BoardRow, ...]
    """Verifications that ended with another word than "ok", or without a value."""
    unproven: int
    """Methods that got a dev answer and were never sent to verify."""
    unscored: int
    """Frozen proposals of which nothing was scored."""


def negatives(state: State, rows: Board) -> Negatives:
    """Of one study."""
    base = baseline(rows)
    found = methods(rows)
    judged = [row for row in found if base is not None and row.low is not None and row.high is not None]
    below = tuple(row for row in judged if _under(row.high, base))
    level = tuple(row for row in judged if not _under(row.high, base) and not _under(base, row.low))
    failed = tuple(row for row in found if row.value is None)
    proven = {record.snapshot for record in state.submissions.values() if record.door == "verify"}
    tried = {record.snapshot for record in state.submissions.values() if record.door == "dev"}
    scored = {record.proposal for record in state.submissions.values()}
    return Negatives(below, level, failed, len(tried - proven), len(state.proposals.keys() - scored))


def _under(value: float | None, other: float | None) -> bool:
    return value is not None and other is not None and value < other


def baseline(rows: Board) -> float | None:
    """What the lab's own baseline comes to; None before the marks are scored."""
    return next((row.value for row in marks(rows) if row.name == BASELINE), None)


def sentences(state: State, rows: Board, costs: Costs) -> tuple[str, ...]:
    """The abstract: who did what at which cost, what came of it, and what was doubted."""
    doors = Counter(record.door for record in state.submissions.values())
    said = [
        f"{len(state.researchers)} researchers froze {len(state.proposals)} proposals and {len(state.snapshots)} "
        f"methods, got {doors['dev']} dev answers and sent {doors['verify']} methods to verify, in "
        f"{costs.seconds / 3600:.2f} hours and for ${costs.dollars:.3f}.",
        *_best(rows),
        *_shares(state, rows),
    ]
    held = Counter(row.standing for row in methods(rows) if row.standing)
    if state.incidents:
        words = ", ".join(f"{count} {word}" for word, count in sorted(held.items()))
        said.append(
            f"Incidents raised: {len(state.incidents)}; {f'rows {words}' if words else 'no row lost its rank'}."
        )
    return tuple(said)


def _best(rows: Board) -> list[str]:
    best = leader(methods(rows))
    if best is None:
        return ["No method has ranked."]
    return [
        f"The best ranked method recovers {best.value:+.3f} of the gap ({best.low:+.3f} to {best.high:+.3f}, 95 %); "
        f"it was chosen among {len(methods(rows))}, so part of it is luck."
    ]


def _shares(state: State, rows: Board) -> list[str]:
    base, ranked = baseline(rows), [row for row in methods(rows) if row.rank is not None and not row.apart]
    if base is None or not ranked:
        return []
    above = sum(_under(base, row.low) for row in ranked)
    found = negatives(state, rows)
    return [
        f"Of {len(ranked)} ranked methods {above} are surely above {BASELINE} ({base:+.3f}); of all that were verified "
        f"{len(found.level)} cannot be told from it, {len(found.below)} are surely below it and {len(found.failed)} "
        "have no value."
    ]
