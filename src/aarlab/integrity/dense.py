"""How much data a text holds beside words: what answer tables, weights and encoded bytes are made of.

Prose and code consist of words, which count nothing; numbers, base64 and the like count as what they compress to.
So do words where a long stretch has a vocabulary of a few (True, False, True, ...).
"""

import re
import zlib
from collections.abc import Iterator
from functools import lru_cache

_RUN = re.compile(r"\S{120,}")
_LETTERS = re.compile(r"[a-z]{3,}")
_TOKEN = re.compile(r"\\x[0-9a-fA-F]{2}|\w+|[^\w\s]{12,}")
_WORD = re.compile(r"[^\W\d_]{1,24}")
_NUMBERED = re.compile(r"[^\W\d_][^\W_]{0,11}?\d{0,3}")
_CAMEL = re.compile(r"[^\W\d_](?:[^\W\d_A-Z]+)")
_STRETCH = 64
_FEW = 12
_OVERHEAD = len(zlib.compress(b""))


@lru_cache(maxsize=1024)
def dense(text: str) -> int:
    """Bytes of data in a text, as compressed. Never raises; linear in the length."""
    words: list[str] = []
    runs = [run for run in _RUN.findall(text) if len("".join(_LETTERS.findall(run))) < len(run) / 2]
    data = list(runs)
    for token in _TOKEN.findall(_RUN.sub(" ", text) if runs else text):
        (words if _is_words(token) else data).append(token)
    data += _monotonous(words)
    trailing = "".join(line[len(line.rstrip(" \t")) :] for line in text.split("\n"))
    return _compressed(" ".join(data)) + _compressed(trailing)


def _compressed(text: str) -> int:
    return len(zlib.compress(text.encode(errors="replace"), 6)) - _OVERHEAD if text else 0


def _is_words(token: str) -> bool:
    """Whether an identifier, or a word of some language, rather than characters that stand for bytes."""
    if len(token) > 64 or (not token[0].isalpha() and token[0] != "_"):
        return False
    parts = [part for part in token.split("_") if part]
    return all(_is_word(part) for part in parts)


def _is_word(part: str) -> bool:
    if not _WORD.fullmatch(part):
        return (_NUMBERED.fullmatch(part) is not None and part[:-3].isalpha()) or (part.isdigit() and len(part) <= 2)
    if len(part) < 7 or part.isupper() or part[1:].islower() or not part.isascii():
        return True
    return len("".join(_CAMEL.findall(part))) >= 0.7 * len(part)


def _monotonous(words: list[str]) -> Iterator[str]:
    """The stretches of words that use only a few."""
    for start in range(0, len(words), _STRETCH):
        stretch = words[start : start + _STRETCH]
        if len(stretch) == _STRETCH and len(set(stretch)) <= _FEW:
            yield from stretch
