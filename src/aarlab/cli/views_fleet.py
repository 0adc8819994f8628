"""How `aarlab check` shows a fleet before it starts: a line for each researcher."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aarlab.cli.output import one_line, table
from aarlab.fleet.roster import Place


def fleet_table(fleet: Sequence[Place]) -> Any:
    """Who takes part: mind, model, direction, and the most that each may spend."""
    columns = ("who", "mind", "direction", "dollars", "experiments", "dev answers", "verifications")
    rows = [
        (
            one.name,
            one_line(one.minds.words, limit=44),
            one_line(one.direction.title, limit=44),
            f"{one.share.dollars:.4g}",
            str(one.share.experiments),
            str(one.share.dev_answers),
            str(one.share.verifications),
        )
        for one in fleet
    ]
    return table(columns, rows, title="The fleet, with caps", right=(3, 4, 5, 6))


def fleet_data(fleet: Sequence[Place]) -> list[dict[str, Any]]:
    """The same for a program."""
    return [
        {"name": one.name, "mind": one.minds.words, "direction": str(one.direction), "caps": asdict(one.share)}
        for one in fleet
    ]
