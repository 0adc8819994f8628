"""The declared space of the search mind: what a method is put together from, and where each direction begins.

Its methods hand in linear heads on hidden states, which both backends take: projections and selections by item have no
equal in fine-tuning, and a search tries more methods than anybody would fine-tune for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

Choices = Mapping[str, tuple[Any, ...]]

SPACE: Choices = {
    "source": ("teacher", "teacher soft", "prior", "prior soft", "product", "student", "em", "mean difference"),
    "smooth": (0, 20, 50, 100),
    "refine": ("none", "self-training", "mutual"),
    "rounds": (1, 2, 4, 6),
    "select": ("everything", "confident", "half", "agree", "co-teaching", "weighted"),
    "loss": ("hard", "soft", "auxiliary", "product"),
    "l2": (0.03, 0.1, 0.3, 1.0, 3.0),
    "rank": (0, 32, 128),
    "heads": (1, 8, 16),
}
"""All values of all dimensions; `compose` has the words and the code for each."""

MOVING = ("auxiliary", "product")
"""Losses whose target moves with the student: they train one head on items that all count the same."""

PLAIN: Choices = {
    "smooth": (0,),
    "refine": ("none",),
    "rounds": (1,),
    "select": ("everything",),
    "loss": ("hard",),
    "l2": (0.1, 0.3),
    "rank": (0,),
    "heads": (1,),
}
"""What a region does not mention stays as simple as this at first."""

ZERO_SHOT: Choices = {"source": ("prior", "prior soft", "product", "em"), "select": ("agree",)}
"""Values that bring in the strong model's own zero-shot opinion."""

REGIONS: Mapping[str, Choices] = {
    "any": {"source": ("teacher", "teacher soft"), "select": ("everything", "confident"), "loss": ("hard", "soft")},
    "elicitation": {
        "source": ("prior", "prior soft"),
        "refine": ("none", "mutual", "self-training"),
        "rounds": (1, 2, 4),
    },
    "reweighting": {
        "source": ("teacher", "teacher soft"),
        "select": ("confident", "half", "agree", "co-teaching", "weighted"),
    },
    "combination": {
        "source": ("product", "teacher", "prior"),
        "select": ("everything", "agree"),
        "loss": ("hard", "soft"),
    },
    "posterior": {"source": ("em", "student"), "loss": ("hard", "soft"), "select": ("everything", "half", "weighted")},
    "distillation": {
        "source": ("teacher soft", "student"),
        "refine": ("none", "self-training"),
        "rounds": (1, 2, 4),
        "loss": ("hard", "soft", "auxiliary"),
    },
    "simplicity": {"source": ("teacher", "teacher soft"), "l2": (0.3, 1.0, 3.0), "rank": (0, 32, 128)},
    "epiplexity": {
        "source": ("teacher", "student"),
        "smooth": (20, 50, 100),
        "select": ("everything", "co-teaching", "half"),
        "loss": ("hard", "soft"),
    },
    "evolution": {"source": ("teacher", "teacher soft"), "heads": (8, 16), "l2": (0.1, 0.3, 1.0)},
    "interpretability": {"source": ("mean difference", "teacher"), "rank": (0, 32), "l2": (0.3, 1.0)},
}
"""Where each direction begins: its dimensions and values, the rest as in PLAIN."""


@dataclass(frozen=True)
class Recipe:
    """One point of the space."""

    source: str
    """Where the first labels come from."""
    smooth: int
    """Neighbours over which labels are averaged; 0 = not at all."""
    refine: str
    """How labels are refined before the last fit."""
    rounds: int
    """How often."""
    select: str
    """Which items count in the last fit."""
    loss: str
    """What the last fit minimises."""
    l2: float
    """Weight penalty."""
    rank: int
    """Principal components that the student may use; 0 = all."""
    heads: int
    """Heads on bootstrap samples; 1 = one head on everything."""

    def settled(self) -> "Recipe":
        """The same method with every setting that has no effect at its simplest, so that equal methods are equal."""
        changes: dict[str, Any] = {}
        if self.refine == "none":
            changes["rounds"] = 1
        if self.loss in MOVING:
            changes["heads"] = 1
            changes["select"] = "everything" if self.select == "weighted" else self.select
        return replace(self, **changes)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Recipe | None":
        """A recipe from a JSON object; None when it is not a point of this space."""
        if set(values) != set(SPACE):
            return None
        own = {name: [known for known in SPACE[name] if known == values[name]] for name in SPACE}
        return cls(**{name: known[0] for name, known in own.items()}) if all(own.values()) else None


def led_by_teacher(values: Mapping[str, Any]) -> bool:
    """Whether a recipe learns from the weak teacher alone, without the strong model's zero-shot opinion."""
    return not any(values[name] in chosen for name, chosen in ZERO_SHOT.items())


def region(family: str) -> Choices:
    """The values from which a direction's first candidates are drawn."""
    return {"source": SPACE["source"], **PLAIN, **REGIONS.get(family, REGIONS["any"])}


def draw(choices: Choices, *, rng: Random) -> Recipe:
    """A random point of some choices."""
    return Recipe(**{name: rng.choice(choices[name]) for name in SPACE}).settled()


def mutate(recipe: Recipe, *, rng: Random, changes: int = 2) -> Recipe:
    """The same recipe with up to `changes` dimensions drawn anew."""
    names = rng.sample(sorted(SPACE), changes)
    return replace(recipe, **{name: rng.choice(SPACE[name]) for name in names}).settled()


def differences(one: Recipe, other: Recipe) -> Iterator[str]:
    """Names of the dimensions in which two recipes differ."""
    return (name for name in SPACE if getattr(one, name) != getattr(other, name))
