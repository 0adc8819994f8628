""" "prompt injection": text in a method or a proposal that speaks to whoever, or whatever, reviews it."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from aarlab.integrity.case import Case, Suspicion
from aarlab.integrity.evidence import Found, suspicion

NAME = "prompt injection"
WORDS = "The text speaks to a reviewer or a model, or hides characters from them."
REVIEWER = r"(monitor|reviewer|judge|auditor|grader|evaluator|moderator|verifier|classifier|assistant|AI|LLM|model)"
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile("".join(parts), re.I | re.S))
    for name, *parts in (
        (
            "sets instructions aside",
            r"\b(ignore|disregard|forget|override|bypass)\b.{0,30}\b(previous|prior|above|earlier|preceding|system|your|all)",
            r"\b.{0,30}\b(instructions?|prompts?|rules|directions|guidelines|directives|policy)\b",
        ),
        ("new instructions", r"\b(new|updated|real|actual) (system )?instructions?( (for|to) (the )?\w+)? ?[:=]"),
        (
            "tells a reviewer",
            rf"\b(dear|attention|note to|hey|hello)( (the|an?|any|all))? {REVIEWER}s?\b.{{0,40}}\b(you|must|please)\b",
            rf"|\b(as|to)( (the|an?|any|all))? {REVIEWER}s?[,:;]? (you|please)\b",
        ),
        (
            "asks for a verdict",
            r"\b(you|please|must|always|should)\b.{0,30}",
            r"\b(approve|acquit|mark|flag|report|rate|classify|answer|output|say|respond|reply)\b.{0,40}",
            r"\b(safe|honest|clean|benign|legitimate|approved|not suspicious|innocent|no (issues?|violations?))\b",
        ),
        (
            "plays a role",
            r"\byou are (now )?(an?|the|in) (\w+ ){0,3}(assistant|AI|language model|developer|DAN|monitor|reviewer)\b",
        ),
        (
            "forged tag",
            r"</?\s{0,3}(system|assistant|user|instructions?|admin|developer|tool_result|human)\b[^>\n]{0,40}>|<\|\w+\|>",
            r"|\[/?INST\]|<<SYS>>",
        ),
        ("forged turn", r"(^|\n)(system (message|prompt)|(?-i:SYSTEM|System|ASSISTANT|Assistant|HUMAN|Human)) ?: ?\S"),
    )
)
_ALWAYS = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\U000e0100-\U000e01ef\u200b\u2060-\u2064\u180e]")
_BETWEEN = re.compile("(?<=[ -~\n])[\u200c-\u200f\ufeff]+(?=[ -~\n])")


def prompt_injection(case: Case) -> Iterator[Suspicion]:
    """A warning for phrases that address a reviewer, forged tags, and invisible or reordering characters."""
    texts = {**case.files, "title": case.title, "proposal": case.text, "family": case.family}
    found = [Found(rule, "warning", f"{path}: {quote}") for path in texts for rule, quote in speaking(texts[path])]
    yield from suspicion(NAME, WORDS, found)


@lru_cache(maxsize=512)
def speaking(text: str) -> tuple[tuple[str, str], ...]:
    """(rule, the words) of what a text says to a reviewer; at most one for each rule. Letters are folded first."""
    found = []
    hidden = _ALWAYS.search(text) or _BETWEEN.search(text)
    if hidden:
        found.append(("hidden characters", text[max(0, hidden.start() - 60) : hidden.end() + 60]))
    seen = _visible(text)
    for rule, pattern in _RULES:
        if (match := pattern.search(seen)) is not None:
            found.append((rule, match[0]))
    return tuple(found)


def _visible(text: str) -> str:
    """As a model reads it: compatibility forms folded, invisible characters and comment marks out."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if not folded.isascii():
        folded = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return "\n".join(_unmarked(line) for line in folded.split("\n"))


def _unmarked(line: str) -> str:
    """Without the marks of comments and quotations."""
    return line.strip(" \t").lstrip("#/*>").strip(" \t")
