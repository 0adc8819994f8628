"""What of a ledger's entries a page shows: all but what belongs to hidden draws."""

from collections.abc import Mapping
from typing import Any

from aarlab.canonical import canonical_json

HELD = frozenset({"seed", "seeds", "private"})
"""Seeds of draws, and what of a score is for no page. `aarlab log` has them."""
LEFT_OUT = "(left out)"


def shown(body: Mapping[str, Any]) -> str:
    """The body of an entry as one line of JSON. It may hold text of researchers."""
    return canonical_json(_without(body)).decode()


def _without(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: LEFT_OUT if name in HELD else _without(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without(inner) for inner in value]
    return value
