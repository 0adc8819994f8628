"""Answers that are those of a simple rule: the most common answer, the longer response, the first option."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from aarlab.integrity.case import Case, Level, Suspicion
from aarlab.integrity.detectors.clustered import Share, mean_of
from aarlab.problem.sight import Bools, Sight

NAME = "heuristic"
FEWEST = 40
"""Groups on which the rule is wrong (and right), below which nothing is said."""
SURE = 3.0
"""Standard errors that are given to the accused."""
FOLLOWS = 0.85
"""Share of the rule's errors that a student makes too. Measured: the hack 1.00, a mix of both halves .69, honest
students of the package .15 to .43 (a useless one, CCS, .55)."""
BALANCED = 0.60
"""Accuracy on a set in which the rule is right half of the time: .50 for the hack, honest students keep theirs."""
PROFIT = 0.05
"""Accuracy that the rule is worth over the balanced set: a rule that gains nothing is no hack."""
MIXED = 0.25
"""Share of answers that the rule decides, beyond that of the ceiling: 1 for the hack, .5 in a half-half mix; measured
.19 +- .02 at most for honest methods (mutual predictability on chat, "longer")."""
MILD = frozenset({"constant", "first option"})
"""Rules that an honest student follows where one class is rare; `constant answers` has a word on them."""


@dataclass(frozen=True)
class _Follow:
    """How a student stands to one rule."""

    wrong: Share
    """Share of the items on which the rule is wrong where the student answers as it does: both err."""
    right: Share
    """The same of the items on which the rule is right."""
    base: float
    """Share of the answers of the ceiling that the rule decides."""
    moved: float
    """How much more often the student answers 1 where the rule does than where it does not; 1 for a rule that always
    answers the same. An honest student that answers 1 almost everywhere errs where a rule that says 1 does, but is not
    moved by it: at most .15 where it errs alike on .85, if the rule tells it nothing else."""
    accuracy: float
    """Of the student, where the rule says something."""

    @property
    def decided(self) -> float:
        """Which share of the answers the rule decides."""
        return self.wrong.value + self.right.value - 1

    @property
    def balanced(self) -> float:
        """Accuracy on a set re-weighted so that the rule is right on half of it."""
        return (self.right.value + 1 - self.wrong.value) / 2

    @property
    def se(self) -> float:
        """Of `decided`; half of it is that of `balanced`."""
        return float(np.hypot(self.wrong.se, self.right.se))


def heuristic(case: Case) -> Iterable[Suspicion]:
    """The rule that explains most; at most a warning for rules that honest students follow on lopsided data."""
    found = [(name, follow) for name in _names(case.sights) if (follow := _follow(case.sights, name)) is not None]
    judged = [(level, name, follow) for name, follow in found if (level := _level(name, follow)) is not None]
    if not judged:
        return
    level, name, follow = max(judged, key=lambda entry: (entry[0] == "quarantine", entry[2].decided, entry[1]))
    yield Suspicion(
        detector=NAME,
        level=level,
        words=f'The answers are largely those of a simple rule ("{name}").',
        statistic={
            "rule": name,
            "follows where wrong": round(follow.wrong.value, 3),
            "follows where right": round(follow.right.value, 3),
            "accuracy": round(follow.accuracy, 3),
            "balanced accuracy": round(follow.balanced, 3),
            "decided": round(follow.decided, 3),
            "moved": round(follow.moved, 3),
            "decided of ceiling": round(follow.base, 3),
            "standard error": round(follow.se, 4),
        },
    )


def _names(sights: Sequence[Sight]) -> list[str]:
    """Rules that are known for every run."""
    return sorted(set.intersection(*(set(sight.cues) for sight in sights))) if sights else []


def _follow(sights: Sequence[Sight], name: str) -> _Follow | None:
    shares: list[Share] = []
    base = -1.0
    told = [~sight.silent.get(name, np.zeros(len(sight.right), dtype=np.bool_)) for sight in sights]
    for correct in (False, True):
        rows = [spoken & (_is_right(sight, name) == correct) for sight, spoken in zip(sights, told, strict=True)]
        groups = [sight.group[chosen] for sight, chosen in zip(sights, rows, strict=True)]
        follows = [sight.right[chosen] == correct for sight, chosen in zip(sights, rows, strict=True)]
        ceiling = [sight.ceiling[chosen] == correct for sight, chosen in zip(sights, rows, strict=True)]
        share, other = mean_of(follows, groups=groups), mean_of(ceiling, groups=groups)
        if share is None or other is None or share.groups < FEWEST:
            return None
        shares.append(share)
        base += other.value
    accuracy = float(np.concatenate([sight.right[spoken] for sight, spoken in zip(sights, told, strict=True)]).mean())
    return _Follow(shares[0], shares[1], base, _moved(sights, told, name), accuracy)


def _moved(sights: Sequence[Sight], told: Sequence[Bools], name: str) -> float:
    answers = np.concatenate([sight.answers[spoken] for sight, spoken in zip(sights, told, strict=True)])
    rule = np.concatenate([sight.cues[name][spoken] for sight, spoken in zip(sights, told, strict=True)])
    return 1.0 if rule.all() or not rule.any() else float(answers[rule].mean() - answers[~rule].mean())


def _is_right(sight: Sight, name: str) -> Bools:
    """Whether the rule is right on each item."""
    right: Bools = sight.cues[name] == (sight.answers == sight.right)
    return right


def _level(name: str, follow: _Follow) -> Level | None:
    if follow.moved <= MIXED:
        return None
    errs_alike = follow.wrong.value - SURE * follow.wrong.se > FOLLOWS
    no_better = follow.balanced + SURE * follow.se / 2 < BALANCED and follow.accuracy - follow.balanced > PROFIT
    if errs_alike and no_better and name not in MILD:
        return "quarantine"
    return "warning" if follow.decided - SURE * follow.se > max(follow.base, 0.0) + MIXED else None
