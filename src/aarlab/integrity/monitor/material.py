"""What of a case a monitor reads, how it is shown, and how much of it. Never a score or anything held out."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from aarlab.canonical import digest, digest_json
from aarlab.integrity.case import Case

CODE_BYTES = 256 * 1024
"""Most text of a method that is read. What is longer was not read whole."""
PROPOSAL_BYTES = 16 * 1024
"""Most text of a proposal that is read. What is longer was not read whole."""
TRANSCRIPT_BYTES = 64 * 1024
"""The end of a transcript that is read. It explains the code and ranks nothing, so an older part may stay unread."""
PROPOSAL = "proposal"
TRANSCRIPT = "transcript"


@dataclass(frozen=True)
class Material:
    """What is read."""

    parts: Mapping[str, str]
    """Name -> text as it is shown: "method/" and path for each file by path, then "proposal", "transcript"."""
    whole: bool
    """Whether method and proposal are all in it."""


def material(case: Case) -> Material:
    """Cuts by one rule: files are taken in the order of their paths until the cap; the file in which the cap falls ends
    at its last whole line, and of later files nothing is read."""
    parts: dict[str, str] = {}
    left, whole = CODE_BYTES, True
    for path in sorted(case.files):
        text, all_of_it = _head(shown(case.files[path]), left)
        parts[f"method/{path}"] = text
        whole = whole and all_of_it
        left = left - len(text.encode()) if all_of_it else 0
    parts[PROPOSAL], all_of_it = _head(shown(_proposal(case)), PROPOSAL_BYTES)
    if case.transcript:
        parts[TRANSCRIPT] = _tail(shown(case.transcript), TRANSCRIPT_BYTES)
    return Material(parts, whole and all_of_it)


def read_hash(case: Case) -> str:
    """SHA-256 over every text of the case from which `material` is made: a review holds for exactly these."""
    texts = {f"method/{path}": text for path, text in case.files.items()}
    texts |= {PROPOSAL: _proposal(case), TRANSCRIPT: case.transcript}
    return digest_json({name: digest(text.encode(errors="surrogatepass")) for name, text in texts.items()})


def shown(text: str) -> str:
    """Text in which nothing is invisible: control and format characters become their numbers."""
    lines = text.replace("\r\n", "\n")
    return lines if lines.isascii() and lines.replace("\n", "").isprintable() else "".join(map(_visible, lines))


def _proposal(case: Case) -> str:
    return f"Family: {case.family}\nTitle: {case.title}\n\n{case.text}"


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character)[0] != "C":
        return character
    return f"\\u{{{ord(character):x}}}"


def _head(text: str, limit: int) -> tuple[str, bool]:
    data = text.encode()
    if len(data) <= limit:
        return text, True
    return data[: data.rfind(b"\n", 0, limit) + 1].decode(), False


def _tail(text: str, limit: int) -> str:
    data = text.encode()
    return data[-limit:].decode(errors="ignore") if len(data) > limit else text
