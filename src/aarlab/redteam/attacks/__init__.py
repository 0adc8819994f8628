"""All attacks, in the order of the table."""

from aarlab.redteam.attack import Attack
from aarlab.redteam.attacks import cheats, climb, labels, noise

ATTACKS: tuple[Attack, ...] = (*labels.ATTACKS, *climb.ATTACKS, *noise.ATTACKS, *cheats.ATTACKS)
"""Each module has its own; names are unique."""
