"""Looking for findings of the forum: by words, kind and author. Text of researchers is compared, never interpreted."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from aarlab.lab.records import FindingRecord

_WORD = re.compile(r'"([^"]+)"|(\S+)')


@dataclass(frozen=True)
class Query:
    """What is looked for. Empty fields ask for nothing."""

    words: str = ""
    """All of them must occur, in any order and as parts of words; "a phrase" in quotation marks as it stands."""
    kind: str = ""
    """Only posts of this kind."""
    author: str = ""
    """Only posts by this researcher."""

    @property
    def terms(self) -> tuple[str, ...]:
        """The words and phrases, without case."""
        return tuple(_plain(phrase or word) for phrase, word in _WORD.findall(self.words))


def search(findings: Iterable[FindingRecord], query: Query) -> list[FindingRecord]:
    """Posts that have all that is asked for: those with more of the words in their title first, then the newest."""
    terms = query.terms
    found = [one for one in findings if _fits(one, query) and _has(one, terms)]
    return sorted(found, key=lambda one: (-_in_title(one, terms), -one.posted))


def _fits(one: FindingRecord, query: Query) -> bool:
    return query.kind in ("", one.kind) and query.author in ("", one.author)


def _has(one: FindingRecord, terms: tuple[str, ...]) -> bool:
    if not terms:
        return True
    text = _plain("\n".join((one.title, one.text, one.author, one.kind, one.id, one.submission or "")))
    return all(term in text for term in terms)


def _in_title(one: FindingRecord, terms: tuple[str, ...]) -> int:
    title = _plain(one.title) if terms else ""
    return sum(term in title for term in terms)


def _plain(text: str) -> str:
    """Without case, with letters that look alike for Unicode (NFKC) made one, and each gap a single blank."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
