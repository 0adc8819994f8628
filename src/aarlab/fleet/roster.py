"""Who takes part: the mind, the direction and the share of each researcher of a fleet, from the study's settings."""

from dataclasses import dataclass

from aarlab.errors import UserError
from aarlab.fleet.bench import fair_share
from aarlab.lab.office import RESERVED
from aarlab.minds.directions import FREE, Direction, directions
from aarlab.minds.protocol import Share
from aarlab.settings import MindSettings, ResearcherSettings, StudyConfig

PERSON = "person-"
"""Names of people begin so."""


@dataclass(frozen=True)
class Place:
    """One researcher of the fleet, before anything has happened."""

    name: str
    """As it will be admitted."""
    minds: MindSettings
    """What decides at first; the ledger has what has replaced it."""
    direction: Direction
    """Where it begins."""
    share: Share
    """Its own caps, and its part of what they leave to all others."""


def roster(config: StudyConfig) -> tuple[Place, ...]:
    """The whole fleet in the order of admission. Raises UserError for names and caps that cannot be."""
    names, own = zip(*config.places, strict=True)
    for name in names:
        if name in RESERVED or name.startswith(PERSON):
            raise UserError(f"researcher.name = {name!r} stands for something else; choose another name")
    told = directions(config.study.directions, researchers=len(own))
    shares = [fair_share(config.budget, index=index, researchers=len(own), own=own) for index in range(len(own))]
    parts = zip(names, own, told, shares, strict=True)
    return tuple(Place(name, config.minds_of(one), _direction(one, start), share) for name, one, start, share in parts)


def _direction(own: ResearcherSettings, otherwise: Direction) -> Direction:
    if own.direction is None:
        return otherwise
    return directions((own.direction,), researchers=1)[0] if own.direction else FREE
