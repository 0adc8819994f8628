"""What a reader makes of the rows of a source, before they are mixed, balanced and divided."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field

LONGEST = 100_000
"""Characters of the longest text: longer ones are not what a model of 8192 tokens can read."""
_HALVES = re.compile("[\ud800-\udfff]")
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class Pair:
    """Two answers to one prompt, of which one is better. Which of them comes first is decided later."""

    prompt: str
    """What was asked."""
    good: str
    """The better answer."""
    bad: str
    """The other."""
    source: str
    """Name of the source."""
    subset: str = ""
    """Domain or difficulty; "" = not said."""


@dataclass(frozen=True)
class Choice:
    """One solution to a question."""

    prompt: str
    """The question."""
    text: str
    """The solution."""
    right: bool
    """Whether it is right."""
    source: str
    """Name of the source, and behind a colon the model that wrote it, where it is known."""
    subset: str = ""
    """Difficulty; "" = not said."""


Item = Pair | Choice


@dataclass
class Dropped:
    """Rows that are not in the result, by reason: a source that loses most of its rows is read wrongly."""

    counts: Counter[str] = field(default_factory=Counter)
    """Reason -> rows."""

    def __call__(self, reason: str, count: int = 1) -> None:
        """Counts rows."""
        if count:
            self.counts[reason] += count


def folded(text: str) -> str:
    """A text as it counts for sameness: no matter how its words are set apart."""
    return " ".join(text.split())


def prompt_key(text: str) -> str:
    """16 hexadecimal digits: the same for prompts that differ in case, spaces and punctuation only."""
    words = " ".join(_WORDS.findall(text.lower())) or folded(text)
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def usable(item: Item) -> str | None:
    """Why an item cannot be used; None = it can."""
    texts = (item.prompt, item.good, item.bad) if isinstance(item, Pair) else (item.prompt, item.text)
    if not all(text.strip() for text in texts):
        return "empty text"
    if sum(map(len, texts)) > LONGEST:
        return "too long"
    if any(_HALVES.search(text) for text in texts):
        return "half a character"
    if isinstance(item, Pair) and folded(item.good) == folded(item.bad):
        return "both answers are the same"
    return None
