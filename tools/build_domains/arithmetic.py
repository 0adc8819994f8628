"""The math domain: worked word problems against the same solution with one flawed step."""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from rows import Row, unique
from templates import ITEMS, NAMES, TEMPLATES, Template, quantities

SEED = 202
RANGES = ((12, 90), (5, 40), (3, 16), (3, 9))
"""Bounds of the numbers a, b, c, d. Smaller numbers are known by heart and leave nothing to elicit."""
KINDS = ("op", "op", "slip", "operand", "operand")
"""Flaws: another operation, a miscalculated result, another number of the question."""
SLIPS = (-10, -3, -2, -1, 1, 2, 3, 10)


@dataclass(frozen=True)
class Line:
    """One step with its operands filled in; an int stands for itself, "#i" for the result of step i."""

    text: str
    operator: str
    left: int | str
    right: int | str
    slip: int = 0
    """What a miscalculation adds to the result."""


@dataclass(frozen=True)
class Instance:
    """A template with names and numbers."""

    key: str
    """Template and question numbers: instances with the same key differ in names only."""
    question: str
    lines: tuple[Line, ...]


def _operand(symbol: str, values: Mapping[str, int]) -> int | str:
    if symbol.startswith("#"):
        return symbol
    return values[symbol] if symbol in values else int(symbol)


def numbers_of(text: str) -> list[int]:
    """All whole numbers in a text."""
    return [int(digits) for digits in re.findall(r"\d+", text)]


def draw(rng: random.Random) -> Instance:
    """Fills in a random template."""
    template = rng.choice(TEMPLATES)
    values = quantities(*(rng.randint(low, high) for low, high in RANGES))
    (n1, n2), (it, it2) = rng.sample(NAMES, 2), rng.sample(ITEMS, 2)
    words = {"n1": n1, "n2": n2, "it": it, "it2": it2}
    question = template.question.format(**words, **values)
    lines = tuple(
        Line(s.text.format(**words), s.operator, _operand(s.left, values), _operand(s.right, values))
        for s in template.steps
    )
    return Instance(_key(template, question), question, lines)


def _key(template: Template, question: str) -> str:
    return f"math:{TEMPLATES.index(template)}:{'-'.join(map(str, numbers_of(question)))}"


def _apply(operator: str, left: int, right: int) -> int | None:
    if operator == "/":
        return left // right if right and left % right == 0 else None
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def solve(lines: tuple[Line, ...]) -> tuple[str, int] | None:
    """The worked text and the answer; None when a result is not a whole number >= 0."""
    results: list[int] = []
    texts = []
    for line in lines:
        left, right = (results[int(x[1:])] if isinstance(x, str) else x for x in (line.left, line.right))
        result = _apply(line.operator, left, right)
        if result is None or result + line.slip < 0:
            return None
        results.append(result + line.slip)
        texts.append(f"{line.text} {left} {line.operator} {right} = {results[-1]}.")
    return " ".join(texts) + f" The answer is {results[-1]}.", results[-1]


def _other_operand(line: Line, numbers: list[int], rng: random.Random) -> Line | None:
    others = [n for n in numbers if n not in (line.left, line.right)]
    fields = [name for name in ("left", "right") if isinstance(getattr(line, name), int)]
    if not others or not fields:
        return None
    value = rng.choice(others)
    return replace(line, left=value) if rng.choice(fields) == "left" else replace(line, right=value)


def _flawed(line: Line, kind: str, numbers: list[int], rng: random.Random) -> Line | None:
    if kind == "op":
        return replace(line, operator=rng.choice([o for o in "+-*" if o != line.operator]))
    if kind == "slip":
        return replace(line, slip=rng.choice(SLIPS))
    return _other_operand(line, numbers, rng)


def _row(rng: random.Random) -> Row | None:
    instance, kind = draw(rng), rng.choice(KINDS)
    at = rng.randrange(len(instance.lines))
    line = _flawed(instance.lines[at], kind, numbers_of(instance.question), rng)
    right = solve(instance.lines)
    if line is None or right is None:
        return None
    wrong = solve((*instance.lines[:at], line, *instance.lines[at + 1 :]))
    if wrong is None or wrong[1] == right[1]:
        return None
    return Row(instance.question, right[0], wrong[0], kind, instance.key)


def _rows(seed: int) -> Iterator[Row]:
    rng = random.Random(seed)
    while True:
        row = _row(rng)
        if row is not None:
            yield row


def arithmetic(count: int) -> list[Row]:
    """Builds `count` pairs with one pair a question and no two questions that differ in names only."""
    drawn = {row.group: row for row in islice(_rows(SEED), 3 * count)}
    return unique(drawn.values())[:count]
