"""All attacks, in the order of the table."""

from aarlab.redteam.attack import Attack
from aarlab.redteam.attacks import code, host, identity, leaks, ledger, text

ATTACKS: tuple[Attack, ...] = (
    *identity.ATTACKS,
    *code.ATTACKS,
    *leaks.ATTACKS,
    *host.ATTACKS,
    *ledger.ATTACKS,
    *text.ATTACKS,
)
