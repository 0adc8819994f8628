"""From what a rule found to a suspicion: levels, counts and quotes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aarlab.integrity.case import Level, Suspicion

LEVELS: tuple[Level, ...] = ("note", "warning", "quarantine")
"""Mildest first."""
QUOTES = 5
"""Most quotes of one suspicion."""
WIDTH = 200
"""Most characters of one quote."""


@dataclass(frozen=True)
class Found:
    """One place where a rule applies."""

    rule: str
    """Its name, for the statistic."""
    level: Level
    """What it is worth."""
    quote: str = ""
    """The line, as the researcher wrote it."""


def quoted(text: str) -> str:
    """A line of a researcher as data: on one line, visible, of limited length."""
    line = " ".join(text[: 8 * WIDTH].split())[:WIDTH]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)[:WIDTH]


def line_of(text: str, number: int) -> str:
    """A line by its number, from 1; "" when there is none. Counts lines as Python does."""
    lines = text.split("\n", number)
    return lines[number - 1] if 0 < number <= len(lines) else ""


def gravest(levels: Iterable[Level]) -> Level:
    """The worst of some levels."""
    return max(levels, key=LEVELS.index)


def suspicion(detector: str, words: str, found: Sequence[Found]) -> Iterator[Suspicion]:
    """One suspicion at the level of the gravest finding, or none. Grave findings are quoted first."""
    if not found:
        return
    ranked = sorted(found, key=lambda one: -LEVELS.index(one.level))
    quotes = dict.fromkeys(quoted(one.quote) for one in ranked if one.quote)
    counts = Counter(one.rule for one in ranked)
    yield Suspicion(
        detector=detector,
        level=ranked[0].level,
        words=words,
        statistic=dict(counts.most_common(20)),
        quotes=tuple(quotes)[:QUOTES],
    )
