"""What everybody may know about a weak-to-strong problem."""

from typing import Any

import numpy as np

from aarlab.problem.contract import Card
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.methods import FAMILIES, METHODS
from aarlab.w2s.splits import REDRAWN, SHARES, Index, Splits
from aarlab.w2s.world import Rules

RUN = ("python", "-m", "aarlab.w2s.runner", "--method", "{method}", "--data", "{data}", "--out", "{out}")
DISAGREEMENT = 0.3
"""Share of items on which student and weak teacher typically differ in being right."""
TYPICAL_GAP = 0.15
"""Ceiling minus weak teacher, for the half-width that researchers may expect."""

TEXT = """\
# Weak-to-strong on {name}

**Goal.** Train a strong student on the labels of a weak teacher so that it comes as near as it can to the same
student trained on the truth. The score is the performance gap recovered, PGR = (transfer - weak) / (ceiling - weak),
measured by the lab on hidden items: 0 is the teacher, 1 is the ceiling.

**What you have.** {items} unlabelled inputs in /data, as `Task`: `task.hidden` [{items}, {d}] hidden states of the
strong model, `task.teacher` the weak teacher's soft labels, `task.prior` the strong model's own zero-shot log-odds.
{kind} There is no ground truth here, and no text. The basis of `task.hidden` is private to each draw of the data:
what you learn about single dimensions, weights or items does not carry over to verification, methods do.

**What you hand in.** A folder with `method.py`:

```python
from aarlab.w2s import Student, Task
from aarlab.w2s.methods import heads, labels, rounds, select

def train(task: Task, *, seed: int) -> Student:
    target = labels.teacher(task)                    # soft targets [n]
    weight = select.confident(task, target)          # item weights [n]
    return heads.linear(task, task.hard, weight=weight)
```

numpy and scipy are there; all ready-made methods can be called (`from aarlab.w2s.methods import METHODS`). A student
is a set of linear heads on `task.hidden`, aggregated by a mean or a trimmed mean: what the ceiling is, too.

**How to run.** `python -m aarlab.w2s.runner --method DIR --data /data --out OUT --seeds 0,1,2` leaves
OUT/<seed>/student.safetensors and OUT/check.json with self-checks that need no labels. One training may take
{seconds:g} s.

**Scores.** *dev* answers coarsely how accurate students are on hidden items, from a budget that the team shares.
*verify* trains a frozen method again on fresh draws with the lab's seeds; only that ranks, by the lower end of its
95 % interval. Expect about +-{half_width:.2f} PGR.

**Rules.** A result must come from the inputs above; whoever cheats (hunts for labels, attacks the scorer, tailors a
method to hidden items) is disqualified. Negative results are welcome.
"""
PAIRS = "An item is a pair of responses: `hidden` is second minus first, so a student has no bias."
CHOICES = "An item is one answer to a question, its features centred by question."


def write_card(pool: Pool, splits: Splits, rules: Rules) -> Card:
    """The card of a problem: sizes and rules; no label, no content of a split, no score."""
    facts = _facts(pool, splits)
    text = TEXT.format(
        name=pool.name,
        items=facts["train_items"],
        d=facts["dimension"],
        kind=PAIRS if facts["antisymmetric"] else CHOICES,
        seconds=rules.seconds,
        half_width=facts["expected_half_width"],
    )
    return Card(name=f"w2s/{pool.name}", text=text, facts=facts, run=(*RUN, "--seeds", "{seed}"))


def independent_items(groups: Index) -> int:
    """How many independent items bound a mean as well as these, whose groups stand or fall together.

    (sum n_g)^2 / sum n_g^2 for groups of n_g items: Hoeffding's inequality for sums of ranges n_g.
    """
    counts = np.unique(groups, return_counts=True)[1].astype(np.float64)
    return int(counts.sum() ** 2 / (counts**2).sum())


def _facts(pool: Pool, splits: Splits) -> dict[str, Any]:
    sizes = _verify_sizes(splits)
    sets = _sets(splits)
    return {
        "metric": "PGR",
        "backend": "probe",
        "antisymmetric": pool.kind == "pairs",
        "items": len(pool),
        "dimension": int(pool.strong.shape[1]),
        "teacher_items": len(splits.research.teacher),
        "train_items": len(splits.research.train),
        "dev_items": len(splits.research.test),
        **sizes,
        "final_items": len(splits.final),
        "weak_layer": pool.weak_layer,
        "strong_layer": pool.strong_layer,
        "expected_half_width": sets["verify"]["half_width"],
        "sets": sets,
        "families": list(FAMILIES),
        "methods": {m.name: {"family": m.family, "settings": dict(m.settings)} for m in METHODS.values()},
    }


def _sets(splits: Splits) -> dict[str, dict[str, Any]]:
    """Sizes of the three hidden sets and how far off their answers may be at 95 % (before noise and grid of dev)."""
    accuracy, pgr = 0.5, DISAGREEMENT**0.5 / TYPICAL_GAP
    parts = (
        ("dev", splits.research.test, accuracy, "accuracy"),
        ("verify", splits.verify.test, pgr, "PGR"),
        ("final", splits.final, accuracy, "accuracy"),
    )
    sets = {}
    for name, part, spread, of in parts:
        independent = independent_items(splits.groups[part])
        half = round(1.96 * spread / independent**0.5, 3)
        sets[name] = {"items": len(part), "independent": independent, "half_width": half, "of": of}
    return sets


def _verify_sizes(splits: Splits) -> dict[str, int]:
    """About how many items one verify draw has in each part."""
    parts = (splits.verify.teacher, splits.verify.train, splits.verify.test)
    if splits.roles:
        shares = (REDRAWN, REDRAWN, 1.0)
    else:
        used = [SHARES[name] for name in ("teacher", "train", "dev")]
        shares = (used[0] / sum(used), used[1] / sum(used), used[2] / sum(used))
    names = ("verify_teacher_items", "verify_train_items", "verify_test_items")
    return {name: round(len(part) * share) for name, part, share in zip(names, parts, shares, strict=True)}
