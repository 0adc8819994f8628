"""Student files read strictly: they come from researchers, so nothing of them is believed before it was checked."""

import json
from typing import Any, NoReturn, cast

from aarlab.errors import ResearcherError

FACTS = "student"
"""The one key of a student file's metadata: JSON with what the tensors do not say."""


def malformed(why: str) -> NoReturn:
    """Raises ResearcherError(code="malformed")."""
    raise ResearcherError(f"not a valid student: {why}", code="malformed")


def as_header(data: bytes, *, max_bytes: int, max_header: int) -> dict[str, Any]:
    """The safetensors header, before any library sees the file."""
    if not 8 <= len(data) <= max_bytes:
        malformed(f"the file must have at most {max_bytes} bytes and a header")
    size = int.from_bytes(data[:8], "little")
    if size > min(max_header, len(data) - 8):
        malformed(f"the header must fit the file and {max_header} bytes")
    return _strict_json(data[8 : 8 + size])


def read_facts(header: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """The student's own metadata of format 1, with exactly these keys."""
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or set(metadata) != {FACTS} or not isinstance(metadata[FACTS], str):
        malformed(f'the metadata must have exactly the key "{FACTS}"')
    facts = _strict_json(metadata[FACTS])
    if set(facts) != keys:
        malformed(f"the metadata must have exactly {', '.join(sorted(keys))}")
    if facts["format"] != 1 or isinstance(facts["format"], bool):
        malformed("unknown format")
    return facts


def _strict_json(text: bytes | str) -> dict[str, Any]:
    """A JSON object without duplicate keys, NaN or deep nesting."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            malformed("a key occurs twice")
        return dict(pairs)

    def constant(name: str) -> NoReturn:
        malformed(f"{name} is not a number")

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=constant)
    except (ValueError, RecursionError):
        malformed("the header is not JSON")
    if not isinstance(value, dict):
        malformed("the header is not a JSON object")
    return cast(dict[str, Any], value)
