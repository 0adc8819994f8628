"""Counts what a researcher's sandbox uses, and tells the operator's door in batches.

The journal is written before a training starts and after it ends. What is still to be told is the journal's total less
what the lab has counted, so a crash between the two is neither lost nor counted twice.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from aarlab.api.client import Operator
from aarlab.canonical import canonical_json
from aarlab.wire import UsageRequest

BATCH = 4


@dataclass(frozen=True)
class Used:
    """Totals of one researcher over all sessions."""

    experiments: int = 0
    """Trainings that were started."""
    cpu_seconds: float = 0.0
    """User and system time of its sandbox."""
    wall_seconds: float = 0.0
    """Time in which its sandbox worked."""


class Meter:
    """One researcher's meter; used from one thread."""

    def __init__(self, journal: Path, operator: Operator, *, researcher: str, batch: int = BATCH) -> None:
        self._journal = journal
        self._operator = operator
        self._researcher = researcher
        self._batch = batch
        self._total = _read(journal)
        self._told = self._counted_by_lab()

    @property
    def experiments(self) -> int:
        """Trainings ever started."""
        return self._total.experiments

    def starts(self, experiments: int) -> None:
        """Call before trainings start: what was started counts, also when it is killed."""
        self._add(Used(experiments=experiments))

    def ended(self, *, cpu_seconds: float, wall_seconds: float) -> None:
        """Call after any command; reports when a batch is full."""
        self._add(Used(cpu_seconds=cpu_seconds, wall_seconds=wall_seconds))
        if self._total.experiments - self._told.experiments >= self._batch:
            self.report()

    def report(self) -> None:
        """Tells the lab what it does not know yet. Raises OperatorError."""
        pending = UsageRequest(
            researcher=self._researcher,
            experiments=self._total.experiments - self._told.experiments,
            cpu_seconds=max(0.0, self._total.cpu_seconds - self._told.cpu_seconds),
            wall_seconds=max(0.0, self._total.wall_seconds - self._told.wall_seconds),
        )
        if pending.experiments or pending.cpu_seconds > 0:
            self._operator.usage(pending)
            self._told = self._total

    def _add(self, more: Used) -> None:
        self._total = Used(
            experiments=self._total.experiments + more.experiments,
            cpu_seconds=self._total.cpu_seconds + more.cpu_seconds,
            wall_seconds=self._total.wall_seconds + more.wall_seconds,
        )
        fresh = self._journal.with_suffix(".new")
        fresh.write_bytes(canonical_json(asdict(self._total)))
        fresh.replace(self._journal)  # not synced: it need not outlive the machine, only this process

    def _counted_by_lab(self) -> Used:
        states = {one.name: one for one in self._operator.state().researchers}
        mine = states[self._researcher]
        ratio = self._total.wall_seconds / self._total.cpu_seconds if self._total.cpu_seconds else 0.0
        return Used(
            experiments=mine.experiments,
            cpu_seconds=mine.cpu_seconds,
            wall_seconds=min(self._total.wall_seconds, mine.cpu_seconds * ratio),
        )


def _read(journal: Path) -> Used:
    try:
        return Used(**json.loads(journal.read_bytes()))
    except FileNotFoundError:
        return Used()
