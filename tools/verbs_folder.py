"""Writes a folder of the data format from the chat domain's definitions: is it a verb that is defined?

The texts of docs/ordering.md: short enough to fine-tune language models on a CPU. The same call gives
the same bytes. Usage: python tools/verbs_folder.py FOLDER
"""

import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from aarlab.w2s.domains.shipped import read_texts

QUESTION = "Is this what a verb means?"
SIZES = {"train_label": 880, "train_unlabel": 640, "test": 480}
LENGTHS = range(15, 76)
"""Characters of a definition."""
SEED = 1


def definitions() -> Iterator[tuple[str, int, str]]:
    """Text, whether a verb is defined, and the word's group, where the prompt says the word's class."""
    for pair in read_texts("chat"):
        verb = bool(re.match(r"What does it mean to |.*the verb ", pair.prompt))
        if pair.subset == "word" and verb != ("the noun" in pair.prompt):
            yield from ((text, int(verb), pair.group) for text in (pair.good, pair.bad) if len(text) in LENGTHS)


def items(count: int) -> list[dict[str, str | int]]:
    """As many of verbs as of nouns, each text and each word once, in random order."""
    rng = random.Random(SEED)
    found = list(definitions())
    rng.shuffle(found)
    seen: set[str] = set()
    kept: tuple[list[dict[str, str | int]], ...] = ([], [])
    for text, verb, group in found:
        if not seen & {text, group}:
            seen |= {text, group}
            kept[verb].append({"question": QUESTION, "choice": text, "label": verb, "group": group})
    both = kept[0][: count // 2] + kept[1][: count // 2]
    rng.shuffle(both)
    return both


def main(folder: Path) -> None:
    """Writes the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = iter(items(sum(SIZES.values())))
    for name, size in SIZES.items():
        lines = [json.dumps(next(rows)) + "\n" for _ in range(size)]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
