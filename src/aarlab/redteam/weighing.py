"""Weighing designs: which items to claim so that a few exact counts give every label (B. Lindström, 1964).

Queries are numbered 1 to m. To each number `a` with p bits belong p items; item j of them is in query x when
x & a is one of the first 2**j subsets of `a` with an odd number of bits. The alternating sum of the answers over the
subsets of `a` then holds sum_j 2**j * label of `a`'s own items, and otherwise only items of numbers that contain `a`,
which are known when one goes from the largest number down. So m exact counts give sum of bits of 1..m labels.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def queries_for(items: int) -> int:
    """How many exact counts give that many labels with certainty."""
    number = total = 0
    while total < items:
        number += 1
        total += number.bit_count()
    return number


def design(items: int) -> Bools:
    """[queries, items]: which items each query weighs."""
    queries = queries_for(items)
    numbers = np.arange(1, queries + 1)
    rows = np.zeros((queries, items), dtype=np.bool_)
    for place, (number, power) in enumerate(_columns(items, queries)):
        rows[:, place] = np.isin(numbers & number, _odd_subsets(number)[: 1 << power])
    return rows


def solve(rows: Bools, counts: Sequence[int]) -> Ints:
    """[items] labels from the exact number of positive items in each query."""
    queries, items = rows.shape
    answers = np.array([0, *counts], dtype=np.int64)
    own: dict[int, list[tuple[int, int]]] = {}
    for place, (number, power) in enumerate(_columns(items, queries)):
        own.setdefault(number, []).append((place, power))
    labels = np.zeros(items, dtype=np.int64)
    for number in sorted(own, reverse=True):
        subsets = np.array(_subsets(number), dtype=np.int64)
        signs = np.array([-1 if int(x).bit_count() % 2 == 0 else 1 for x in subsets], dtype=np.int64)
        packed = int(signs @ answers[subsets])
        for place, power in own[number]:
            labels[place] = packed >> power & 1
            answers[1:] -= rows[:, place] * labels[place]
    return labels


def _columns(items: int, queries: int) -> Iterator[tuple[int, int]]:
    pairs = ((number, power) for number in range(1, queries + 1) for power in range(number.bit_count()))
    return (pair for pair, _ in zip(pairs, range(items), strict=False))


def _subsets(number: int) -> list[int]:
    found, x = [0], 0
    while x != number:
        x = (x - number) & number
        found.append(x)
    return found


def _odd_subsets(number: int) -> list[int]:
    return [x for x in _subsets(number) if x.bit_count() % 2]
