"""What everybody may know about a weak-to-strong problem."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from aarlab.problem.contract import Card, ProtocolName
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.methods import FAMILIES, Method, runnable
from aarlab.w2s.splits import REDRAWN, SHARES, Index, Splits
from aarlab.w2s.words import (
    ADAPTERS,
    CHOICES,
    HAND_IN,
    HEADS,
    PAIRS,
    PRIVATE,
    PRIVATE_TUNED,
    SCORES,
    TEXT,
    TEXTS,
    TUNED,
    VISIBLE,
)
from aarlab.w2s.world import Rules

RUN = ("python", "-m", "aarlab.w2s.runner", "--method", "{method}", "--data", "{data}", "--out", "{out}")
DISAGREEMENT = 0.3
"""Share of items on which student and weak teacher typically differ in being right."""
TYPICAL_GAP = 0.15
"""Ceiling minus weak teacher, for the half-width that researchers may expect."""


@dataclass(frozen=True)
class Backend:
    """What a card tells of models that are fine-tuned."""

    weak: str
    """Name of the weak model."""
    strong: str
    """Name of the strong model."""
    layer: int
    """Of the strong model, whose hidden states methods see."""
    layers: int
    """Depth of the strong model."""
    recipe: Mapping[str, Any]
    """How all of them are fine-tuned."""

    def facts(self) -> dict[str, Any]:
        """What differs from the probe backend's."""
        return {
            "backend": "hf",
            "weak_model": self.weak,
            "strong_model": self.strong,
            "strong_layers": self.layers,
            "recipe": dict(self.recipe),
            "methods": {m.name: {"family": m.family, "settings": _tunable(m)} for m in runnable(model=True).values()},
        }

    def text(self) -> str:
        """A paragraph."""
        return TUNED.format(strong=self.strong, weak=self.weak, layer=self.layer, layers=self.layers, **self.recipe)


def _tunable(method: Method) -> dict[str, Any]:
    return {name: value for name, value in method.settings.items() if name not in method.heads_only}


def write_card(
    pool: Pool, splits: Splits, rules: Rules, *, protocol: ProtocolName = "method", backend: Backend | None = None
) -> Card:
    """The card of a problem: sizes and rules; no label, no content of a split, no score."""
    facts = _facts(pool, splits) | _facts_of(splits, protocol)
    if backend is not None:
        facts = {name: value for name, value in facts.items() if name != "weak_layer"} | backend.facts()
    text = TEXT.format(
        name=pool.name,
        items=facts["train_items"],
        d=facts["dimension"],
        kind=PAIRS if facts["antisymmetric"] else CHOICES,
        private=PRIVATE[protocol] if backend is None else PRIVATE_TUNED,
        visible=_visible(pool, splits) if protocol == "predictions" else "" if backend is None else backend.text(),
        student=HEADS if backend is None else ADAPTERS,
        hand_in=HAND_IN[protocol].format(dev=len(splits.research.test), hidden=_hidden(splits)),
        scores=SCORES[protocol].format(half_width=facts["expected_half_width"]),
        seconds=rules.seconds,
    )
    files = ("dev.json", "hidden.json") if protocol == "predictions" else ("student.safetensors", None)
    run = (*RUN, "--seeds", "{seed}")
    return Card(f"w2s/{pool.name}", text, facts, run, student_file=files[0], verify_file=files[1])


def _visible(pool: Pool, splits: Splits) -> str:
    sizes = {"dev": len(splits.research.test), "hidden": _hidden(splits), "d": int(pool.strong.shape[1])}
    return VISIBLE.format(**sizes, texts=TEXTS if pool.texts is not None else "")


def _hidden(splits: Splits) -> int:
    return len(splits.verify.test) + len(splits.final)


def _facts_of(splits: Splits, protocol: ProtocolName) -> dict[str, Any]:
    """What differs by protocol. Without fresh draws all items of verification grade."""
    if protocol == "method":
        return {"protocol": protocol}
    return {"protocol": protocol, "verify_test_items": len(splits.verify.test), "hidden_items": _hidden(splits)}


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
        "methods": {m.name: {"family": m.family, "settings": dict(m.settings)} for m in runnable(model=False).values()},
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
