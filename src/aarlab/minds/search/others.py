"""What other researchers have shown: dev answers on the forum, and the recipes of the methods behind them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from aarlab.api.client import Door
from aarlab.minds.search.space import Recipe
from aarlab.wire import Finding


@dataclass(frozen=True)
class Other:
    """A scored method of somebody else's."""

    finding: str
    """Where it was told."""
    snapshot: str
    """The method."""
    answer: float
    """Its dev answer, as the lab says."""
    recipe: Recipe
    """What its config.json says it is made of."""


class Library:
    """Looks up recipes once."""

    def __init__(self, door: Door, *, name: str) -> None:
        self._door = door
        self._name = name
        self._recipes: dict[str, Recipe | None] = {}

    def read(self, findings: Sequence[Finding]) -> list[Other]:
        """What the others' findings show, best answer first. Methods that are not of this space are passed over."""
        known: dict[str, Other] = {}
        for finding in findings:
            shown = finding.submission
            if finding.author == self._name or shown is None or shown.door != "dev" or shown.answer is None:
                continue
            recipe = self._recipe(shown.snapshot)
            if recipe is not None:
                known[shown.id] = Other(finding.id, shown.snapshot, shown.answer, recipe)
        return sorted(known.values(), key=lambda other: (-other.answer, other.snapshot))

    def _recipe(self, snapshot: str) -> Recipe | None:
        if snapshot not in self._recipes:
            text = self._door.get_snapshot(snapshot).files.get("config.json", "")
            self._recipes[snapshot] = _parse(text)
        return self._recipes[snapshot]


def _parse(text: str) -> Recipe | None:
    """Others' files are data; what is no recipe is none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Recipe.read(values) if isinstance(values, dict) else None
