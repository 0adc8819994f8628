"""How transfers look in a terminal. Text of researchers is cleaned on its way."""

from collections.abc import Sequence
from typing import Any

from aarlab.cli.output import one_line, table
from aarlab.cli.views import interval, signed
from aarlab.problem.contract import BASELINE
from aarlab.report.generalisation import Line, lines, words
from aarlab.wire import TransferRow

COLUMNS = ("domain", "method", "items", "PGR", "95 % interval", "over vanilla", "95 % interval", "accuracy", "")


def transfer_lines(rows: Sequence[TransferRow]) -> list[Any]:
    """The table, then what it says in words."""
    cells = [_cells(line) for line in lines(rows) if not line.mark or line.method == BASELINE]
    title = f"Generalisation, {rows[0].draws} fresh draws of each domain" if rows else ""
    chosen = [_settings(row) for row in rows if row.way == "retuned" and row.settings is not None]
    return [table(COLUMNS, cells, title=title, right=(3, 4, 5, 6, 7)), "", *sentences(rows), *chosen]


def sentences(rows: Sequence[TransferRow]) -> list[str]:
    """What the table says in words."""
    return [one_line(sentence, limit=400) for sentence in words(rows)]


def _cells(line: Line) -> tuple[str, ...]:
    over = line.over or (None, None, None)
    return (
        line.domain,
        one_line(line.method, limit=40) + (f", {line.way}" if line.way else ""),
        line.items,
        signed(line.value),
        interval(line.low, line.high),
        "" if line.mark else signed(over[0]),
        interval(over[1], over[2]),
        "" if line.accuracy is None else f"{line.accuracy:.3f}",
        one_line(line.note, limit=100),
    )


def _settings(row: TransferRow) -> str:
    return one_line(f"settings of {row.name} retuned on {row.place}: {row.settings}", limit=300)
