"""Test items as text, of the kinds whose answers can be had without a teacher."""

import inspect
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

PROBLEMS = 250
"""Questions in "math" and in "code"."""
CANDIDATES = 5
"""Solutions of each."""
OFTEN = 0.62
"""How often a candidate of "math" is right; the most common answer then is on about 85 % of the questions."""


@dataclass(frozen=True)
class Item:
    """One question with one candidate answer."""

    question: str
    """What was asked; items of one problem have the same."""
    candidate: str
    """A proposed solution."""
    right: bool
    """Whether it solves it: the label."""


def texts(domain: str, *, seed: int, problems: int = PROBLEMS) -> tuple[Item, ...]:
    """The items of a domain; the same seed gives the same ones. "chat" has as many as the library has functions."""
    return _DOMAINS[domain](random.Random(f"{domain} {seed}"), problems)


def _math(rng: random.Random, problems: int) -> tuple[Item, ...]:
    """Word problems; wrong candidates went wrong in different ways."""
    items = []
    for number in range(problems):
        crates, each, sold = rng.randint(11, 39), rng.randint(12, 48), rng.randint(5, 99)
        filled = f"A farmer fills {crates} crates with {each} apples each and sells {sold} apples."
        question = f"{number}. {filled} How many are left?"
        truth = crates * each - sold
        wrong = [crates * each + sold, crates * (each - 1) - sold, crates + each - sold, truth + 10, crates * each]
        for _ in range(CANDIDATES):
            right = rng.random() < OFTEN
            answer = truth if right else rng.choice(wrong)
            items.append(Item(question, f"{crates} times {each}, less {sold}. The answer is {answer}", right))
    return tuple(items)


def _code(rng: random.Random, problems: int) -> tuple[Item, ...]:
    """Small functions from two writers, of which one is right far more often; the question has examples."""
    items = []
    for number in range(problems):
        factor, term = rng.randint(2, 9), rng.randint(1, 9)
        examples = "; ".join(f"f({x}) == {factor * x + term}" for x in (1, 2, 5))
        question = f"{number}. Write f such that {examples}"
        for _ in range(CANDIDATES):
            tidy = rng.random() < 0.6
            right = rng.random() < (0.85 if tidy else 0.2)
            used = term if right else term + rng.choice((-1, 1))
            body = f"    return {factor} * x + {used}" if tidy else f"    y = x * {factor} + {used}; return y"
            items.append(Item(question, f"def f(x):\n{body}\n", right))
    return tuple(items)


def _chat(rng: random.Random, problems: int) -> tuple[Item, ...]:
    """What does this function of the standard library do? Half of the answers belong to another function."""
    del problems
    known = documented()
    names = sorted(known)
    items = []
    for name in names:
        right = rng.random() < 0.5
        other = rng.choice([entry for entry in names if known[entry] != known[name]])
        items.append(Item(f"What does {name} do?", known[name if right else other], right))
    return tuple(items)


def documented() -> Mapping[str, str]:
    """Name -> first line of its documentation, for functions of the standard library."""
    import bisect
    import math
    import os.path
    import shutil
    import textwrap

    found = {}
    for module in (bisect, math, os.path, shutil, textwrap):
        for name, function in sorted(vars(module).items()):
            text = inspect.getdoc(function) if callable(function) and not name.startswith("_") else None
            if text:
                found[f"{module.__name__}.{name}"] = text.splitlines()[0]
    return found


_DOMAINS: Mapping[str, Callable[[random.Random, int], tuple[Item, ...]]] = {"math": _math, "code": _code, "chat": _chat}
