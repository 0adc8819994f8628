"""Searching among the ready-made methods that a problem's card offers, where the parts of `space` mean nothing.

A card offers them in its facts: `ready` = {"method.py": code with {method} and {settings} to fill in, "methods":
{name: {"family", "summary", "settings": {name: [values to try]}}}}.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aarlab.canonical import canonical_json
from aarlab.errors import ResearcherError
from aarlab.wire import ProblemCard

FACT = "ready"
Plain = Mapping[str, Any]
"""A candidate as JSON: {"method": name, "settings": {name: value}}."""


class ReadyMethod(BaseModel):
    """A method of the card."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    """One of the eleven."""
    summary: str
    """One line."""
    settings: dict[str, tuple[bool | int | float | str, ...]] = Field(default_factory=dict)
    """Values to try, by setting."""


class Shelf(BaseModel):
    """All of them. It writes candidates as `compose` writes recipes."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    code: str = Field(alias="method.py")
    """The file of a method, with {method} and {settings} to fill in."""
    methods: dict[str, ReadyMethod] = Field(min_length=1)
    """By name."""

    @classmethod
    def of(cls, card: ProblemCard) -> "Shelf | None":
        """What a card offers; None when it offers nothing. Raises ResearcherError on what is not of this form."""
        if FACT not in card.facts:
            return None
        try:
            return cls.model_validate(card.facts[FACT])
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise ResearcherError(f"the card's ready-made methods cannot be read: {where}") from None

    def title(self, plain: Plain) -> str:
        """One line that names the method; different candidates have different titles."""
        settings = ", ".join(f"{name} {value}" for name, value in plain["settings"].items())
        name = plain["method"].replace("_", " ")
        return f"{name}, {settings}" if settings else name

    def family(self, plain: Plain) -> str:
        """Which of the eleven it belongs to."""
        return self.methods[plain["method"]].family

    def proposal(self, plain: Plain, *, why: str) -> str:
        """The results-free description that is frozen before the first scored run."""
        return f"# {self.title(plain)}\n\n{self.methods[plain['method']].summary}\n\n## Why\n\n{why}\n"

    def files(self, plain: Plain, *, why: str) -> dict[str, str]:
        """The files of the method."""
        settings = {name: plain["settings"][name] for name in sorted(plain["settings"])}
        return {
            "method.py": self.code.format(method=plain["method"], settings=settings),
            "config.json": canonical_json(dict(plain)).decode() + "\n",
            "README.md": self.proposal(plain, why=why),
        }

    def has(self, plain: Plain) -> bool:
        """Whether a JSON object is a candidate of this shelf."""
        return plain in self.candidates()

    def candidates(self) -> list[Plain]:
        """All that there is to try, method by method."""
        return [
            {"method": name, "settings": settings}
            for name, method in self.methods.items()
            for settings in _combined(method.settings)
        ]

    def next(self, tried: Mapping[int, tuple[Plain, float | None]], *, seed: int) -> Plain | None:
        """What to try after these candidates and their dev answers; a pure function of its arguments.

        Every method once, in an order of the seed's own; then what differs least from the best that has something
        untried beside it. None when everything was tried.
        """
        rng = Random(f"{seed}:{len(tried)}")
        known = [plain for plain, _ in tried.values()]
        left = [plain for plain in self.candidates() if plain not in known]
        names = Random(seed).sample(sorted(self.methods), len(self.methods))
        fresh = next((name for name in names if name not in {plain["method"] for plain in known}), None)
        if fresh is not None:
            return rng.choice([plain for plain in left if plain["method"] == fresh])
        ranked = sorted(tried.values(), key=lambda one: -(one[1] if one[1] is not None else float("-inf")))
        for plain, _ in ranked:
            if beside := [other for other in left if other["method"] == plain["method"]]:
                return min(beside, key=lambda other: (_distance(plain, other), rng.random()))
        return None


def _combined(settings: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{}]
    for name, values in settings.items():
        found = [{**one, name: value} for one in found for value in values]
    return found


def _distance(one: Plain, other: Plain) -> int:
    return sum(other["settings"][name] != value for name, value in one["settings"].items())
