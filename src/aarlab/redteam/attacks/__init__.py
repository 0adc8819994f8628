"""All attacks, in the order of the table."""

from aarlab.redteam.attack import Attack

ATTACKS: tuple[Attack, ...] = ()
