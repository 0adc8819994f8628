"""Pairs of word definitions: a gloss of WordNet 3.0 against the gloss of a sister synset."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rows import Row

PARTS = ("noun", "verb", "adj")
PROMPTS = {
    "noun": ('What does the noun "{}" mean?', 'Please explain the word "{}" to me.'),
    "verb": ('What does the verb "{}" mean?', "What does it mean to {}?"),
    "adj": ('What does the adjective "{}" mean?', 'How would you define "{}"?'),
}
COMMON_COUNT = 3
"""A word is common when the sense-tagged corpora behind WordNet hold it at least this often."""
COMMON_SHARE = 0.7
"""Share of common words among the pairs, as far as there are enough."""
SHORTEST, LONGEST = 3, 18
"""Words in a usable gloss."""


@dataclass(frozen=True)
class Synset:
    """One sense."""

    words: tuple[str, ...]
    """Lower-case lemmas."""
    gloss: str
    """First definition, without examples."""
    above: tuple[str, ...]
    """Offsets of hypernyms and of similar adjectives."""


@dataclass(frozen=True)
class Candidate:
    """A word with its first sense and the glosses that could stand in for it."""

    part: str
    word: str
    count: int
    gloss: str
    sisters: tuple[str, ...]


def parse_synset(line: str) -> tuple[str, Synset]:
    """Reads one line of a data file (format: wndb(5WN)) and returns its offset and content."""
    head, text = line.rstrip("\n").split(" | ", 1)
    field = head.split(" ")
    last_word = 4 + 2 * int(field[3], 16)
    words = tuple(re.sub(r"\(.*\)", "", word).lower() for word in field[4:last_word:2])
    pointers = range(last_word + 1, last_word + 1 + 4 * int(field[last_word]), 4)
    above = tuple(field[at + 1] for at in pointers if field[at] in ("@", "@i", "&"))
    gloss = re.split(r';\s*"|; ', text.strip())[0].strip()
    return field[0], Synset(words, re.sub(r"^\([^)]*\)\s*", "", gloss).strip(), above)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf8") as stream:
        yield from (line for line in stream if not line.startswith("  "))


def first_senses(path: Path) -> dict[str, str]:
    """Maps each lemma of an index file to the offset of its most frequent sense."""
    fields = (line.split() for line in _lines(path))
    return {field[0]: field[4 + int(field[3]) + 2] for field in fields}


def word_counts(path: Path) -> Counter[str]:
    """Sums the tag counts of cntlist.rev over the senses of a lemma."""
    counts: Counter[str] = Counter()
    for line in _lines(path):
        key, _, count = line.split()
        counts[key.split("%")[0]] += int(count)
    return counts


def _usable(word: str, gloss: str) -> bool:
    return SHORTEST <= len(gloss.split()) <= LONGEST and word[:4] not in gloss.lower() and gloss.isascii()


def candidates(folder: Path, part: str) -> Iterator[Candidate]:
    """Yields every usable word of one part of speech."""
    synsets = dict(parse_synset(line) for line in _lines(folder / f"data.{part}"))
    below: dict[str, list[str]] = defaultdict(list)
    for offset, synset in synsets.items():
        for parent in synset.above:
            below[parent].append(offset)
    counts = word_counts(folder / "cntlist.rev")
    for word, offset in first_senses(folder / f"index.{part}").items():
        own = synsets.get(offset)
        if own is None or not word.isalpha() or len(word) < 4 or not _usable(word, own.gloss):
            continue
        near = [synsets[other] for parent in own.above for other in below[parent] if other != offset]
        glosses = {s.gloss for s in near if word not in s.words and _usable(word, s.gloss)} - {own.gloss}
        if len(glosses) >= 2:
            yield Candidate(part, word, counts[word], own.gloss, tuple(sorted(glosses)))


def word_rows(folder: Path, *, seed: int) -> Iterator[Row]:
    """Yields pairs in the order in which to take them: mixed so that common words have their share while they last."""
    rng = random.Random(seed)
    pool = [candidate for part in PARTS for candidate in candidates(folder, part)]
    rng.shuffle(pool)
    common = [c for c in pool if c.count >= COMMON_COUNT]
    rare = [c for c in pool if c.count < COMMON_COUNT]
    used: set[str] = set()
    while common or rare:
        source = common if common and (not rare or rng.random() < COMMON_SHARE) else rare
        row = _pair(source.pop(), used, rng)
        if row is not None:
            used |= {row.good, row.bad}
            yield row


def _pair(candidate: Candidate, used: set[str], rng: random.Random) -> Row | None:
    free = [gloss for gloss in candidate.sisters if gloss not in used]
    if candidate.gloss in used or not free:
        return None
    prompt = rng.choice(PROMPTS[candidate.part]).format(candidate.word)
    return Row(prompt, candidate.gloss, rng.choice(free), "word", f"word:{candidate.word}")
