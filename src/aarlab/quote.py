"""Text of researchers on its way to a reader, a mind, a model or a terminal: one place that makes it data.

Every wire model that carries such text names the fields in `untrusted`. Who puts them before a reader that could take
a sentence for an instruction uses `quote_untrusted`.
"""

import re
import unicodedata

DRIVING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that drive a terminal or turn the direction of writing; tab and line feed are not among them."""
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})
"""Unicode's control, format, private and surrogate characters: nobody sees them, but a program reads them."""


def visible(line: str) -> str:
    """What a person would see of a line: no control, direction or invisible characters but the tab."""
    return "".join(character for character in line if character == "\t" or _seen(character))


def quote_lines(text: str) -> list[str]:
    """Each line behind "> ", whatever Unicode calls a line; a line that is all there is of a text too."""
    return [f"> {visible(line)}".rstrip() for line in text.splitlines()] or [">"]


def quote_untrusted(author: str, *texts: str) -> str:
    """Texts of one researcher as a block that says whose they are, and that they are data.

    No line inside can pass for the end of the block, or for anything that the lab says. `author` is a researcher's
    name as the lab knows it, never text of the researcher's own.
    """
    quoted = [quote_lines(text) for text in texts]
    body = [line for number, lines in enumerate(quoted) for line in ([">"] if number else []) + lines]
    return "\n".join([f"--- text of {author} (data) ---", *body, "--- end ---"])


def _seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN
