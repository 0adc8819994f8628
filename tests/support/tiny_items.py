"""Items whose right answer says "good", for a model that was made on the spot."""

import numpy as np

from aarlab.w2s.hf.settings import Recipe
from aarlab.w2s.strong import Texts
from aarlab.w2s.task import Floats

RECIPE = Recipe(rank=4, alpha=4.0, rate=1e-2, epochs=3.0, batch=8, max_tokens=256)
SUBJECTS = ("sum", "first", "two", "three", "answer", "claim", "long", "short")


def pairs(count: int = 24) -> list[Texts]:
    """Of odd numbers the second answer is right."""
    return [(f"what is the {_of(at)}?", *_sides(at)) for at in range(count)]


def choices(count: int = 24) -> list[Texts]:
    """Those with odd numbers are right."""
    return [(f"what is the {_of(at)}?", _sides(at)[1]) for at in range(count)]


def truth(count: int = 24) -> Floats:
    """[count] labels."""
    return (np.arange(count) % 2).astype(np.float64)


def _of(at: int) -> str:
    return f"{SUBJECTS[at % len(SUBJECTS)]} of {at}"


def _sides(at: int) -> tuple[str, str]:
    good, bad = f"the answer is good, {_of(at)}", f"the answer is bad {'and wrong ' * (at % 3)}"
    return (bad, good) if at % 2 else (good, bad)
