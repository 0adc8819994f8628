"""The hash chain of the ledger: how an entry gets its hash, and how tampering is found."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from aarlab.canonical import digest_json
from aarlab.lab.store import Event

GENESIS = "0" * 64
"""`prev` of the first entry."""


def entry_hash(entry: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of an entry's seq, kind, actor, body, meta and prev."""
    return digest_json({name: entry[name] for name in ("seq", "kind", "actor", "body", "meta", "prev")})


@dataclass(frozen=True)
class ChainReport:
    """What a walk along the chain has found."""

    entries: int
    """Entries that fit."""
    head: str
    """Hash of the last entry that fits."""
    problem: str | None
    """The first thing that does not fit, in one line; None when all do."""

    @property
    def ok(self) -> bool:
        """Whether nothing was edited, deleted, inserted or swapped."""
        return self.problem is None


def verify_chain(events: Iterable[Event], *, head: str | None = None) -> ChainReport:
    """Checks every entry against the one before it, and the last against `head` if one was published.

    Without `head` a ledger whose tail was cut off passes: only a head that was kept elsewhere can show that.
    """
    count, last, seen_head = 0, GENESIS, head is None or head == GENESIS
    for event in events:
        problem = _misfit(event, seq=count + 1, prev=last)
        if problem:
            return ChainReport(count, last, problem)
        count, last = event.seq, event.hash
        seen_head = seen_head or last == head
    return ChainReport(count, last, None if seen_head else f"no entry has the published head {head}")


def _misfit(event: Event, *, seq: int, prev: str) -> str | None:
    if event.seq != seq:
        return f"entry {seq} is missing or out of order (found {event.seq})"
    if event.prev != prev:
        return f"entry {seq} does not follow the entry before it"
    if event.hash != entry_hash(asdict(event)):
        return f"entry {seq} was changed after it was written"
    return None
