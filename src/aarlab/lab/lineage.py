"""Which method builds on which: the graph of snapshots and their parents, laid out by generation."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aarlab.lab.records import SnapshotRecord

MOST = 60
"""Snapshots of one picture; more cannot be told apart."""


@dataclass(frozen=True)
class Node:
    """A snapshot and its place in the picture."""

    snapshot: SnapshotRecord
    """As folded from the ledger."""
    column: int
    """Its generation: 0 builds on nothing in the picture, others are right of all their parents."""
    row: int
    """Place in its generation, near that of its parents."""


@dataclass(frozen=True)
class Lineage:
    """A picture of methods that build on each other."""

    nodes: tuple[Node, ...]
    """By generation, then by place in it."""
    edges: tuple[tuple[str, str], ...]
    """Parent and child, both in the picture."""
    left_out: int
    """Relatives for which there was no room."""

    @property
    def columns(self) -> int:
        """Generations."""
        return max((node.column for node in self.nodes), default=-1) + 1

    @property
    def rows(self) -> int:
        """Most snapshots of one generation."""
        return max((node.row for node in self.nodes), default=-1) + 1


def children(snapshots: Mapping[str, SnapshotRecord]) -> dict[str, list[str]]:
    """Snapshot -> those that say that they build on it, oldest first."""
    found: dict[str, list[str]] = {}
    for record in snapshots.values():
        for parent in record.parents:
            found.setdefault(parent, []).append(record.id)
    return found


def around(snapshots: Mapping[str, SnapshotRecord], name: str, *, most: int = MOST) -> Lineage:
    """The relatives of one snapshot, nearest first as far as there is room. Raises KeyError on an unknown one."""
    family = list(_nearest(snapshots, snapshots[name].id, children(snapshots)))
    return _drawn(snapshots, family[:most], left_out=max(0, len(family) - most))


def families(snapshots: Mapping[str, SnapshotRecord], *, most: int = MOST) -> Lineage:
    """All snapshots that have a parent or a child, those of the family that grew last first as far as there is room."""
    below, seen, found = children(snapshots), set[str](), list[str]()
    for record in reversed(list(snapshots.values())):
        if record.id not in seen and (record.parents or record.id in below):
            family = list(_nearest(snapshots, record.id, below))
            seen.update(family)
            found += family
    return _drawn(snapshots, found[:most], left_out=max(0, len(found) - most))


def _nearest(snapshots: Mapping[str, SnapshotRecord], name: str, below: Mapping[str, Collection[str]]) -> Iterator[str]:
    """A snapshot and all its relatives, by the number of steps to them."""
    seen, left = {name}, deque([name])
    while left:
        here = left.popleft()
        yield here
        new = [one for one in (*snapshots[here].parents, *below.get(here, ())) if one not in seen]
        seen.update(new)
        left += dict.fromkeys(new)


def _drawn(snapshots: Mapping[str, SnapshotRecord], names: Iterable[str], *, left_out: int) -> Lineage:
    chosen = set(names)
    records = [record for record in snapshots.values() if record.id in chosen]
    edges = [(parent, record.id) for record in records for parent in record.parents if parent in chosen]
    column: dict[str, int] = {}
    for record in records:  # in the order of the ledger, in which parents come before their children
        column[record.id] = 1 + max((column[parent] for parent in record.parents if parent in chosen), default=-1)
    return Lineage(tuple(_placed(records, column)), tuple(edges), left_out)


def _placed(records: list[SnapshotRecord], column: Mapping[str, int]) -> Iterator[Node]:
    """Each generation in the order of its parents' rows (the barycentre rule of layered drawings)."""
    row: dict[str, int] = {}
    for place in range(max(column.values(), default=-1) + 1):
        own = [record for record in records if column[record.id] == place]
        for number, record in enumerate(sorted(own, key=lambda one: _mean(row.get(parent) for parent in one.parents))):
            row[record.id] = number
            yield Node(record, place, number)


def _mean(rows: Iterable[int | None]) -> float:
    known = [row for row in rows if row is not None]
    return sum(known) / len(known) if known else 0.0
