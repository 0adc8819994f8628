"""Starting points: the nine of the study, none, or the user's own."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

ANY = "any"


@dataclass(frozen=True)
class Direction:
    """Where a researcher begins."""

    title: str
    """A few words."""
    text: str
    """One or two vague sentences; may be empty."""
    family: str
    """Hint for minds that cannot read; "any" when there is none."""

    def __str__(self) -> str:
        return f"{self.title}. {self.text}" if self.text else self.title


FREE = Direction(title="No particular direction", text="", family=ANY)


@cache
def nine() -> tuple[Direction, ...]:
    """The study's nine directions."""
    table = tomllib.loads(files("aarlab.minds").joinpath("directions.toml").read_text())
    return tuple(Direction(**row) for row in table["direction"])


def directions(setting: Literal["diverse", "same"] | Sequence[str], *, researchers: int) -> list[Direction]:
    """One direction for each researcher; a list shorter than the fleet starts again from its beginning."""
    if setting == "same":
        return [FREE] * researchers
    chosen = nine() if setting == "diverse" else [_own(str(text)) for text in setting]
    return [chosen[index % len(chosen)] for index in range(researchers)] if chosen else [FREE] * researchers


def family_of(text: str) -> str:
    """The hint that belongs to a direction's text as a researcher reads it: "any" for words of the user's own."""
    return next((one.family for one in nine() if text.startswith(one.title)), ANY)


def _own(text: str) -> Direction:
    return next((one for one in nine() if text in {one.title, one.family}), Direction(title=text, text="", family=ANY))
