"""The code domain: which of two bodies does what the function's documentation says?"""

import ast
import copy
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

from mutate import mutants
from rows import Row, unique
from sources import Function

SEED = 303
LINES = range(2, 10)
LONGEST = 400
"""Characters of a function's source without its docstring."""
SWAP_SHARE = 0.3
"""Share of pairs whose wrong side is another function's body under the same signature."""
LENGTH_SLACK = 120
"""A swapped body differs by less than this many characters."""


def _usable(text: str, summary: str) -> bool:
    return text.count("\n") + 1 in LINES and len(text) <= LONGEST and text.isascii() and len(summary) <= 140


def _mutated(function: Function, rng: random.Random) -> tuple[str, str] | None:
    by_kind = mutants(function.node, rng=rng)
    if not by_kind:
        return None
    kind = rng.choice(sorted(by_kind))
    return kind, rng.choice(by_kind[kind])


def _swapped(function: Function, donors: list[Function], rng: random.Random) -> tuple[str, str] | None:
    """Another body of the same module under this signature; the donor is spent."""
    size = len(ast.unparse(function.node))
    near = [d for d in donors if d.node.name != function.node.name]
    near = [d for d in near if abs(len(ast.unparse(d.node)) - size) < LENGTH_SLACK]
    if not near:
        return None
    donor = rng.choice(near)
    donors.remove(donor)
    node = copy.deepcopy(function.node)
    node.body = copy.deepcopy(donor.node.body)
    return "other", ast.unparse(node)


def code_rows(pool: Sequence[Function], *, seed: int) -> Iterator[Row]:
    """Yields pairs in random order; a function serves once, either as a question or as another's wrong body."""
    rng = random.Random(seed)
    texts = {ast.unparse(f.node): f for f in pool}
    order = [f for text, f in texts.items() if _usable(text, f.summary)]
    rng.shuffle(order)
    modules: dict[str, list[Function]] = defaultdict(list)
    for function in order:
        modules[function.module].append(function)
    for function in order:
        donors = modules[function.module]
        if function not in donors:
            continue
        donors.remove(function)
        wrong = _swapped(function, donors, rng) if rng.random() < SWAP_SHARE else None
        wrong = wrong or _mutated(function, rng)
        if wrong is not None:
            yield _row(function, *wrong)


def _row(function: Function, kind: str, wrong: str) -> Row:
    prompt = f"Write the Python function {function.node.name} of {function.module}. {function.summary}"
    return Row(prompt, ast.unparse(function.node), wrong, kind, f"code:{function.module}.{function.name}")


def code(count: int, *, pool: Sequence[Function]) -> list[Row]:
    """Builds up to `count` pairs."""
    return unique(code_rows(pool, seed=SEED))[:count]
