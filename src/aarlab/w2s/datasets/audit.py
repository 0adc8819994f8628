"""What tells right from wrong in a folder without any understanding of it.

What a method could exploit so is no weak-to-strong generalisation. Rules are chosen on the training files and tried on
the test. Intervals are Wilson's at 95 %, for as many independent items as the groups leave (cluster-robust).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aarlab.problem.files import DataFolder, PairRow, Row
from aarlab.w2s.datasets.cues import bags, measured, units, words
from aarlab.w2s.datasets.items import folded, prompt_key
from aarlab.w2s.domains.pool import IntArray
from aarlab.w2s.fit import fit_head
from aarlab.w2s.task import Bools, Floats

TOO_MUCH = 0.6
"""Accuracy of a rule without understanding above which a warning is due."""
BINS = 4
"""Of lengths."""
COMMONEST = 1500
"""Words of the bag."""
WORDS_L2 = 0.3
MOST_ROWS = 6000
"""Training rows from which the bag of words learns: more makes it slower, hardly better."""
SPAN = 8
"""Words in a row that a test question shares with training where it was copied."""
Z = 1.959964


@dataclass(frozen=True)
class Rate:
    """How often the label is 1 in a part of the test."""

    cue: str
    """What divides it."""
    part: str
    """Which part."""
    items: int
    """Of the test."""
    rate: float
    """Share with label 1."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of it."""
    verdict: str
    """even, leans or tells."""


@dataclass(frozen=True)
class Rule:
    """What a rule that understands nothing scores on the test."""

    name: str
    """What it goes by."""
    says: str
    """What it answers, as chosen on the training files."""
    covered: float
    """Share of the test items that it says something about; others count as half right."""
    accuracy: float
    """Share of right answers."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of it."""
    verdict: str
    """nothing, a little or exploitable."""


@dataclass(frozen=True)
class Audit:
    """Of one folder."""

    kind: str
    """pairs or choices."""
    items: dict[str, int]
    """Of each file."""
    rates: list[Rate]
    """Where labels are uneven in the test."""
    rules: list[Rule]
    """What rules score, the best first."""
    repeated: dict[str, float]
    """Shares of the test: answers that training has, too; questions that share a run of words with training."""
    warnings: list[str]
    """One line each."""


def audit(folder: DataFolder) -> Audit:
    """All of it; deterministic. Takes seconds for ten thousand items."""
    train, test = [*folder.train_label, *folder.train_unlabel], list(folder.test)
    rules = sorted(_rules(train, test), key=lambda rule: -rule.accuracy)
    items = {"train_label": len(folder.train_label), "train_unlabel": len(folder.train_unlabel), "test": len(test)}
    repeated = _repeated(train, test)
    return Audit(folder.kind, items, _rates(test), rules, repeated, _warnings(rules, repeated))


# ---- intervals ----------------------------------------------------------------------------------------------


def interval(right: Floats, group: IntArray) -> tuple[float, float, float]:
    """Mean of [n] numbers in [0, 1] with Wilson's interval for the independent items that groups leave."""
    n, mean = len(right), float(right.mean())
    sums = np.bincount(group, weights=right - mean)
    spread = float((sums**2).sum()) / n**2
    independent = mean * (1 - mean) / spread if spread > 0 else float(len(np.unique(group)))
    m = min(max(independent, 1.0), n)
    centre = (mean + Z**2 / (2 * m)) / (1 + Z**2 / m)
    half = Z * (mean * (1 - mean) / m + Z**2 / (4 * m**2)) ** 0.5 / (1 + Z**2 / m)
    return mean, max(0.0, centre - half), min(1.0, centre + half)


# ---- rates --------------------------------------------------------------------------------------------------


def _rates(test: Sequence[Row]) -> list[Rate]:
    label, group = _labels(test), units(test)
    parts = {"all": ["all"] * len(test), "length": _length_bins(test)}
    parts |= {name: [_named(row, name) for row in test] for name in ("source", "subset") if _varies(name, test)}
    found = []
    for cue, names in parts.items():
        for part in sorted(set(names)):
            rows = np.array([name == part for name in names])
            rate, low, high = interval(label[rows], group[rows])
            found.append(Rate(cue, part, int(rows.sum()), rate, low, high, _evenness(rate, low, high)))
    return found


def _length_bins(rows: Sequence[Row]) -> list[str]:
    """Quarters by how much longer the second answer is, or a solution than the others of its question."""
    length = measured(rows)["length"]
    edges = np.quantile(length, np.linspace(0, 1, BINS + 1)[1:-1])
    what = "second longer by" if isinstance(rows[0], PairRow) else "longer than its question's mean by"
    names = [f"{place + 1}: {what} {_range(edges, place)} characters" for place in range(BINS)]
    return [names[place] for place in np.searchsorted(edges, length, side="left").tolist()]


def _range(edges: Floats, place: int) -> str:
    if place == 0:
        return f"at most {edges[0]:.0f}"
    return f"more than {edges[-1]:.0f}" if place == len(edges) else f"{edges[place - 1]:.0f} to {edges[place]:.0f}"


def _evenness(rate: float, low: float, high: float) -> str:
    if low <= 0.5 <= high:
        return "even"
    return "tells" if abs(rate - 0.5) > TOO_MUCH - 0.5 else "leans"


# ---- rules --------------------------------------------------------------------------------------------------


def _rules(train: Sequence[Row], test: Sequence[Row]) -> list[Rule]:
    label, truth, group = _labels(train), _labels(test), units(test)
    ours, theirs = measured(train), measured(test)
    found = [_by_sign(name, ours[name], theirs[name], label, truth, group) for name in ours if name in theirs]
    found += [_by_name(name, train, test, label, truth, group) for name in ("source", "subset") if _varies(name, test)]
    found += [_looked_up(train, test, truth, group), _always(label, truth, group)]
    bias = not isinstance(test[0], PairRow)
    together = _standard(np.column_stack(list(ours.values())), np.column_stack([theirs[name] for name in ours]))
    found.append(_fitted("all of these measures", together, label, truth, group, l2=0.01, bias=bias))
    some = train[:MOST_ROWS]
    bag = bags(some, test, most=COMMONEST)
    found.append(_fitted("bag of words", bag, label[: len(some)], truth, group, l2=WORDS_L2, bias=bias))
    return [rule for rule in found if rule.covered > 0]


def _by_sign(name: str, ours: Floats, theirs: Floats, label: Floats, truth: Floats, group: IntArray) -> Rule:
    """More of it or less of it, whichever was right more often in training."""
    sign = 1.0 if float((np.sign(ours) * (label - 0.5)).sum()) >= 0 else -1.0
    words_ = {"listed first": ("first", "last"), "most common answer": ("most common", "another")}
    more, less = words_.get(name, ("more", "less"))
    return _rule(name, f"{more if sign > 0 else less} is right", sign * np.sign(theirs), truth, group)


def _by_name(
    field: str, train: Sequence[Row], test: Sequence[Row], label: Floats, truth: Floats, group: IntArray
) -> Rule:
    """The label that was more frequent with the same source, or subset."""
    balance: dict[str, float] = {}
    for row, one in zip(train, label, strict=True):
        balance[_named(row, field)] = balance.get(_named(row, field), 0.0) + one - 0.5
    said = np.array([np.sign(balance.get(_named(row, field), 0.0)) for row in test])
    return _rule(field, "its usual label", said, truth, group)


def _named(row: Row, field: str) -> str:
    return str(getattr(row, field) or "-")


def _varies(field: str, rows: Sequence[Row]) -> bool:
    return len({_named(row, field) for row in rows}) > 1


def _looked_up(train: Sequence[Row], test: Sequence[Row], truth: Floats, group: IntArray) -> Rule:
    """An answer that stood in training, too: right there is right here."""
    known: dict[str, float] = {}
    for row in train:
        for text, good in _judged(row):
            known[text] = known.get(text, 0.0) + good
    score = [sum(sign * np.sign(known.get(text, 0.0)) for text, sign in _sides(row)) for row in test]
    return _rule("answers seen in training", "as it was there", np.sign(np.array(score, np.float64)), truth, group)


def _judged(row: Row) -> list[tuple[str, float]]:
    right = 1.0 if row.label else -1.0
    return [(text, sign * right) for text, sign in _sides(row)]


def _sides(row: Row) -> list[tuple[str, float]]:
    if isinstance(row, PairRow):
        return [(folded(row.first), -1.0), (folded(row.second), 1.0)]
    return [(folded(row.choice), 1.0)]


def _always(label: Floats, truth: Floats, group: IntArray) -> Rule:
    one = 1.0 if label.mean() >= 0.5 else -1.0
    return _rule("always the same label", str(int(one > 0)), np.full(len(truth), one), truth, group)


def _fitted(
    name: str, inputs: tuple[Floats, Floats], label: Floats, truth: Floats, group: IntArray, *, l2: float, bias: bool
) -> Rule:
    """Logistic regression."""
    ours, theirs = (one.astype(np.float32) for one in inputs)
    head = fit_head(ours, label, l2=l2, bias=bias)
    return _rule(name, "logistic regression", np.sign(head.logits(theirs)), truth, group)


def _standard(ours: Floats, theirs: Floats) -> tuple[Floats, Floats]:
    """Unit variance by training, and no value so far out that it decides alone."""
    scale = np.sqrt((ours**2).mean(axis=0)) + 1e-9
    return np.clip(ours / scale, -5, 5), np.clip(theirs / scale, -5, 5)


def _rule(name: str, says: str, said: Floats, truth: Floats, group: IntArray) -> Rule:
    """`said` [n]: above zero for label 1, zero for nothing."""
    right = np.where(said == 0, 0.5, (said > 0) == (truth > 0.5))
    accuracy, low, high = interval(right, group)
    verdict = "exploitable" if accuracy > TOO_MUCH and low > 0.5 else "a little" if low > 0.5 else "nothing"
    return Rule(name, says, float((said != 0).mean()), accuracy, low, high, verdict)


def _labels(rows: Sequence[Row]) -> Floats:
    return np.array([row.label for row in rows], np.float64)


# ---- repeated texts -----------------------------------------------------------------------------------------


def _repeated(train: Sequence[Row], test: Sequence[Row]) -> dict[str, float]:
    answers = {text for row in train for text, _ in _sides(row)}
    asked = {prompt_key(_asked(row)) for row in train}
    spans = {span for row in train for span in _spans(_asked(row))}
    texts = Counter(text for row in test for text, _ in _sides(row))
    shares: dict[str, Bools] = {
        "questions that training has, too": np.array([prompt_key(_asked(row)) in asked for row in test]),
        f"questions with {SPAN} words in a row of a training question": np.array(
            [not spans.isdisjoint(_spans(_asked(row))) for row in test]
        ),
        "items with an answer that training has, too": np.array(
            [any(text in answers for text, _ in _sides(row)) for row in test]
        ),
        "items with an answer that the test has several times": np.array(
            [any(texts[text] > 1 for text, _ in _sides(row)) for row in test]
        ),
    }
    return {name: round(float(found.mean()), 4) for name, found in shares.items()}


def _asked(row: Row) -> str:
    return row.prompt if isinstance(row, PairRow) else row.question


def _spans(text: str) -> set[int]:
    found = words(text)
    return {hash(tuple(found[place : place + SPAN])) for place in range(len(found) - SPAN + 1)}


def _warnings(rules: Sequence[Rule], repeated: dict[str, float]) -> list[str]:
    found = [
        f"{rule.name} alone ({rule.says}) is right on {rule.accuracy:.1%} of the test, above {TOO_MUCH:.0%}"
        for rule in rules
        if rule.verdict == "exploitable"
    ]
    same = repeated["questions that training has, too"]
    return [*found, *([f"{same:.1%} of the test's questions are in training, too"] if same else [])]
