"""The store protocol: an append-only ledger of events and a folder of content-addressed files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Draft:
    """An event before it has a place in the ledger."""

    kind: str
    """"dev.answered", "finding.posted", ...: see lab/events.py."""
    actor: str
    """Researcher, "lab" or "operator"."""
    body: dict[str, Any]
    """What happened; the same in every repetition of a study with one researcher and a fixed seed."""
    meta: dict[str, Any]
    """What is never the same twice: times, durations, host. Hashed too, but left out of the content digest."""


@dataclass(frozen=True)
class Event:
    """One entry of the ledger."""

    seq: int
    """1, 2, 3, ... without holes."""
    kind: str
    """As in Draft."""
    actor: str
    """As in Draft."""
    body: dict[str, Any]
    """As in Draft."""
    meta: dict[str, Any]
    """As in Draft; `meta["time"]` is UTC seconds."""
    prev: str
    """Hash of the entry before, "0" * 64 for the first."""
    hash: str
    """SHA-256 of the canonical JSON of all of the above."""


class Receipt(Protocol):
    """Events that have their place in the ledger and are on their way to the disk."""

    @property
    def events(self) -> Sequence[Event]:
        """As they will be read back."""
        ...

    def wait(self) -> Sequence[Event]:
        """Returns when they are durable. Raises OperatorError when they cannot be."""
        ...


class Store(Protocol):
    """Where the lab's memory lives. SQLite is the default; nothing in here is particular to it."""

    def begin(self, drafts: Sequence[Draft]) -> Receipt:
        """Gives events their places, in the order of calls, and returns at once. All or none become durable.

        Raises ResearcherError(code="malformed") when a body is not JSON in valid Unicode.
        """
        ...

    def append(self, drafts: Sequence[Draft]) -> Sequence[Event]:
        """Adds events in order, all or none; returns when they are durable. Safe to call from many threads."""
        ...

    def events(self, *, after: int = 0) -> Iterator[Event]:
        """Events with seq > after, in order."""
        ...

    def close(self) -> None:
        """Waits for what is under way."""
        ...


class Blobs(Protocol):
    """Content-addressed files."""

    def __contains__(self, name: str) -> bool:
        """Whether there is a file of that name."""
        ...

    def put(self, data: bytes) -> str:
        """Stores `data` durably and returns its SHA-256."""
        ...

    def get(self, name: str) -> bytes:
        """Raises KeyError when there is none."""
        ...
