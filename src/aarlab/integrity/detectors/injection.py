""" "prompt injection": text in a method or a proposal that speaks to whoever, or whatever, reviews it."""

from collections.abc import Iterator

from aarlab.integrity.case import Case, Suspicion
from aarlab.integrity.evidence import Found, suspicion
from aarlab.integrity.speaking import speaking

NAME = "prompt injection"
WORDS = "The text speaks to a reviewer or a model, or hides characters from them."


def prompt_injection(case: Case) -> Iterator[Suspicion]:
    """A warning for phrases that address a reviewer, forged tags, and invisible or reordering characters."""
    texts = {**case.files, "title": case.title, "proposal": case.text, "family": case.family}
    found = [Found(rule, "warning", f"{path}: {quote}") for path in texts for rule, quote in speaking(texts[path])]
    yield from suspicion(NAME, WORDS, found)
