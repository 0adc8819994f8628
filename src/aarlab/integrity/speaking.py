"""Finds text that speaks to whoever, or whatever, reviews a method. Rules only, so no text can talk it out of that."""

import re
import unicodedata
from functools import lru_cache

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
"""Over the text as a model reads it."""
_READER = r"(?:monitors?|reviewers?|auditors?|judges?|graders?|llms?|ais?|assistants?|language models?|chatbots?)"
_WORK = r"(?:method|code|submission|program|script)"
_ORDERS = r"(?:instruction|prompt|rule|guideline)s?"
_PLAIN_RULES = tuple(
    re.compile(rf"\b(?:{rule})\b")
    for rule in (
        r"(?:ignore|disregard|forget|override|bypass) (?:all |any |every |the |your |of |these |those |my )*"
        rf"(?:previous|prior|above|earlier|preceding|former|original|system|your|these|those) {_ORDERS}",
        rf"you are (?:now )?(?:an? |the )?(?:helpful |honest |automated |code )*{_READER}",
        rf"(?:dear|attention|(?:note|message|instructions?) (?:to|for)) (?:the |any |all |every )*{_READER}",
        rf"(?:approve|whitelist|acquit) (?:this|the|my) {_WORK}",
        rf"(?:accept|pass|clear) (?:this|my) {_WORK}",
        rf"this {_WORK} (?:has been|was|is) (?:already |fully |manually )*(?:reviewed|approved|audited|cleared|vetted)",
        r"(?:answer|say|reply|respond)(?: with)? no (?:to|for|on) (?:all|every|each|any|the)",
        r"do not (?:flag|quarantine) (?:this|it|me)",
        r"verdict ?(?:is|must be|should be|:|=) ?(?:no|yes)",
        r"(?:system|developer|assistant) (?:prompt|message|role) ?: \w+",
    )
)
"""Over words alone, which may stand in comments, in pieces of strings or in names."""
_ALWAYS = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\U000e0100-\U000e01ef\u200b\u2060-\u2064\u180e]")
_BETWEEN = re.compile("(?<=[ -~\n])[\u200c-\u200f\ufeff]+(?=[ -~\n])")
_BREAKS = re.compile(r"[\s#*/\\\"'`_+\-]+")
"""What comments, strings and names put between words."""
_LINES = 3
"""Lines that one sentence may run over."""


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
    if (words := _words(text)) is not None:
        found.append(("addresses a reader", words))
    return tuple(found)


def _words(text: str) -> str | None:
    """The first lines whose words alone speak to a reviewer."""
    lines = text.splitlines()
    plain = [_plain(line) for line in lines]
    for index, line in enumerate(plain):
        window = " ".join(plain[index : index + _LINES])
        if line and any(hit.start() < len(line) for rule in _PLAIN_RULES for hit in rule.finditer(window)):
            return "\n".join(lines[index : index + _LINES])
    return None


def _visible(text: str) -> str:
    """As a model reads it: compatibility forms folded, invisible characters and comment marks out."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if not folded.isascii():
        folded = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return "\n".join(_unmarked(line) for line in folded.split("\n"))


def _unmarked(line: str) -> str:
    """Without the marks of comments and quotations."""
    return line.strip(" \t").lstrip("#/*>").strip(" \t")


def _plain(line: str) -> str:
    """Words in small letters with one space between them; no invisible characters, no compatibility forms."""
    letters = "".join(c for c in unicodedata.normalize("NFKC", line) if unicodedata.category(c) != "Cf")
    return _BREAKS.sub(" ", letters.casefold()).strip()
