"""The chat domain: which definition of a word, or which description of a Python function, is right?"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from rows import Row, unique
from sources import STDLIB, Function
from wordnet import word_rows

SEED = 101
DOC_SHARE = 1 / 3
PER_MODULE = 12
"""At most so many pairs about one module, so that no package dominates."""
PROMPTS = ("What does Python's {} do?", "In Python, what is {} for?")


def doc_rows(pool: Sequence[Function], *, seed: int) -> Iterator[Row]:
    """Yields pairs of summaries from the same module; every summary is used at most once."""
    rng = random.Random(seed)
    modules: dict[str, dict[str, Function]] = defaultdict(dict)
    for function in pool:
        modules[function.module].setdefault(function.summary, function)
    pairs = [pair for group in modules.values() for pair in _pair_up(list(group.values()), rng)]
    rng.shuffle(pairs)
    for good, bad in pairs:
        name = f"{good.module}.{good.name}"
        subset = "doc" if good.package == STDLIB else "package"
        yield Row(rng.choice(PROMPTS).format(name), good.summary, bad.summary, subset, f"doc:{name}")


def _pair_up(functions: list[Function], rng: random.Random) -> list[tuple[Function, Function]]:
    rng.shuffle(functions)
    pairs = zip(functions[::2], functions[1::2], strict=False)
    distinct = [(a, b) for a, b in pairs if a.name.split(".")[-1] != b.name.split(".")[-1]]
    return distinct[:PER_MODULE]


def chat(count: int, *, wordnet: Path, pool: Sequence[Function]) -> list[Row]:
    """Builds `count` pairs: a third about functions, the rest about words."""
    docs = list(islice(doc_rows(pool, seed=SEED), int(count * DOC_SHARE)))
    words = list(islice(word_rows(wordnet, seed=SEED), count - len(docs)))
    return unique(docs + words)
