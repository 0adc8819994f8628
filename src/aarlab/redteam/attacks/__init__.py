"""All attacks, in the order of the table."""

from aarlab.redteam.attack import Attack
from aarlab.redteam.attacks import (
    cheats,
    climb,
    code,
    flips,
    host,
    identity,
    labels,
    leaks,
    ledger,
    noise,
    shown,
    text,
    timing,
)

ATTACKS: tuple[Attack, ...] = (
    *labels.ATTACKS,
    *climb.ATTACKS,
    *flips.ATTACKS,
    *noise.ATTACKS,
    *identity.ATTACKS,
    *cheats.ATTACKS,
    *shown.ATTACKS,
    *code.ATTACKS,
    *leaks.ATTACKS,
    *timing.ATTACKS,
    *host.ATTACKS,
    *ledger.ATTACKS,
    *text.ATTACKS,
)
"""Each module has its own; names are unique."""
