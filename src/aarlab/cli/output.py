"""What commands print: text without control characters, tables, JSON. Works in a pipe as on a terminal."""

import json
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aarlab.quote import DRIVING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPE_WIDTH = 200


@lru_cache(maxsize=1)
def console() -> "Console":
    """Standard output; in a pipe it is wide and plain, so that a line of a table stays a line."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def clean(text: str) -> str:
    """Text of others without what could drive a terminal: control and direction characters become "?"."""
    return DRIVING.sub("?", text.expandtabs(4))


def one_line(text: str, *, limit: int = 100) -> str:
    """Clean text on one line, cut at `limit` characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def say(text: str = "") -> None:
    """One plain line on standard output."""
    print(text, flush=True)


def warn(text: str) -> None:
    """One line on standard error."""
    print(text, file=sys.stderr, flush=True)


def show(*renderables: "RenderableType") -> None:
    """Prints with rich."""
    for renderable in renderables:
        console().print(renderable)


def emit(data: Any, *, as_json: bool, render: Callable[[], None]) -> None:
    """The same facts for a program (JSON) or for a person."""
    if as_json:
        say(to_json(data))
    else:
        render()


def to_json(data: Any) -> str:
    """Indented JSON of plain data, pydantic models and dataclasses; what could drive a terminal is escaped."""
    return escaped(json.dumps(data, indent=2, ensure_ascii=False, default=_plain))


def escaped(text: str) -> str:
    """JSON that means the same and holds nothing that could drive a terminal."""
    return DRIVING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: Any) -> Any:
    from dataclasses import asdict, is_dataclass

    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", right: Sequence[int] = ()) -> Any:
    """A table without boxes; columns whose number is in `right` are numbers. Cells are plain text."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, title=title or None, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        folds = number == len(columns) - 1
        justify: Any = "right" if number in right else "left"
        grid.add_column(column, justify=justify, no_wrap=not folds, overflow="fold" if folds else "ellipsis")
    for row in rows:
        grid.add_row(*(Text(clean(cell)) for cell in row))
    return grid
