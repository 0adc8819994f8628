"""Predictions as an untrusted file: JSON, a list of exactly n numbers, each 0 or 1, and nothing else.

Such a list is a regular language of one-byte tokens, so no JSON library is asked: nothing nests, no number grows and
no text is decoded. The work is linear in the size of the file, which is capped.
"""

from aarlab.errors import ResearcherError

_SPACE = b" \t\n\r"
"""What JSON allows between tokens."""
_BYTES_EACH = 8
"""Room for one number with its comma and the usual line break and indentation."""
_FRAME = 64


def most_bytes(items: int) -> int:
    """Size of the largest file that is read."""
    return _BYTES_EACH * items + _FRAME


def read_predictions(data: bytes, *, items: int) -> list[int]:
    """The numbers of a file, 0 or 1, one for each of `items` (at least one) in their order.

    Raises ResearcherError(code="malformed") with one fixed line on everything else.
    """
    if len(data) <= most_bytes(items):
        found = data.translate(None, _SPACE)
        digits = found[1::2]
        commas = b"," * (items - 1)
        if found[:1] + found[2::2] == b"[" + commas + b"]" and len(digits) == items and not digits.strip(b"01"):
            return [digit - ord("0") for digit in digits]
    raise ResearcherError(
        f"not a file of predictions: it must be JSON, a list of exactly {items} numbers, each 0 or 1, in at most "
        f"{most_bytes(items)} bytes",
        code="malformed",
    )
