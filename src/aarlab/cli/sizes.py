"""How large the hidden sets of a problem are, and what their answers can tell: said before a study starts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aarlab.settings import StudyConfig

TELLS_LITTLE = 0.15
"""Half-width of a verified value at which methods can hardly be told apart."""


def sets_of(facts: Mapping[str, Any], config: "StudyConfig") -> dict[str, dict[str, Any]]:
    """The sets of a card, half-widths as this study will see them: dev with noise, final for all finalists."""
    from aarlab.lab.final import half_width

    sets = {name: dict(entry) for name, entry in facts["sets"].items()}
    sets["dev"]["half_width"] = round((sets["dev"]["half_width"] ** 2 + (1.96 * config.dev.noise) ** 2) ** 0.5, 3)
    finalists = config.final.finalists
    sets["final"]["half_width"] = round(half_width(sets["final"]["independent"], finalists=finalists), 3)
    sets["final"]["finalists"] = finalists
    return sets


def protocol_sentences(config: "StudyConfig") -> list[str]:
    """A warning where the lab will re-execute nothing."""
    from aarlab.wire import TRUST

    words = TRUST[config.verify.protocol]
    return [f'warning: verify.protocol is "{config.verify.protocol}", so every row is marked: {words}'] if words else []


def sentences(sets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One line a set, and a warning where verification will hardly tell methods apart."""
    lines = [_sentence(name, entry) for name, entry in sets.items()]
    verify = sets["verify"]
    if verify["half_width"] >= TELLS_LITTLE:
        width = f"±{verify['half_width']:.2f} {verify['of']} at 95 %"
        lines.append(f"warning: verification will hardly tell methods apart ({width}); more items would help")
    return lines


def _sentence(name: str, entry: Mapping[str, Any]) -> str:
    items = f"{entry['items']} items"
    if entry["independent"] < entry["items"]:
        items += f" (as good as {entry['independent']} independent ones)"
    at_once = f" for {entry['finalists']} finalists at once" if "finalists" in entry else ""
    return f"{name}: {items}, about ±{entry['half_width']:.3f} {entry['of']} at 95 %{at_once}"
