"""Counts what a researcher's sandbox and its model use, and tells the operator's door in batches.

The journal is written before a training starts and after it ends. What is still to be told is the journal's total less
what the lab has counted, so a crash between the two is neither lost nor counted twice.
"""

import functools
import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from aarlab.api.client import Operator
from aarlab.canonical import canonical_json
from aarlab.wire import UsageRequest

P = ParamSpec("P")
T = TypeVar("T")
BATCH = 4
BATCH_SECONDS = 30.0
"""Core time that is told at the latest."""
LEAST_DOLLARS = 1e-9
"""Less than this is a rounding error of a sum."""


@dataclass(frozen=True)
class Used:
    """Totals of one researcher over all sessions."""

    experiments: int = 0
    """Trainings that were started."""
    cpu_seconds: float = 0.0
    """User and system time of its sandbox."""
    wall_seconds: float = 0.0
    """Time in which its sandbox worked."""
    model_dollars: float = 0.0
    """Calls of its language model."""
    reserved: float = 0.0
    """What the call that is under way may cost at worst."""


def _locked(method: Callable[Concatenate["Meter", P], T]) -> Callable[Concatenate["Meter", P], T]:
    """One caller at a time."""

    @functools.wraps(method)
    def held(self: "Meter", /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.lock:
            return method(self, *args, **kwargs)

    return held


class Meter:
    """One researcher's meter. Safe for several threads: a harness may ask its model while a tool works."""

    def __init__(self, journal: Path, operator: Operator, *, researcher: str, batch: int = BATCH) -> None:
        self._journal = journal
        self._operator = operator
        self._researcher = researcher
        self._batch = batch
        self.lock = threading.RLock()
        found = _read(journal)
        # A call that was under way when the process was killed may have been paid for: it counts in full.
        self._total = replace(found, model_dollars=found.model_dollars + found.reserved, reserved=0.0)
        self._told = self._counted_by_lab()

    @property
    def experiments(self) -> int:
        """Trainings ever started."""
        return self._total.experiments

    @property
    def cpu_seconds(self) -> float:
        """Core time ever used."""
        return self._total.cpu_seconds

    @property
    def model_dollars(self) -> float:
        """Paid for its model, ever."""
        return self._total.model_dollars

    def team_dollars(self) -> float:
        """What the whole team has left, as far as the lab was told. Raises OperatorError."""
        self.report()
        return self._operator.state().budgets.dollars

    @_locked
    def reserve(self, dollars: float) -> None:
        """Call before a model is asked: who is killed while it answers has spent this."""
        self._keep(replace(self._total, reserved=dollars))

    @_locked
    def pay(self, dollars: float) -> None:
        """Call when the model has answered: what it has cost instead. Tells the lab."""
        self._keep(replace(self._total, model_dollars=self._total.model_dollars + dollars, reserved=0.0))
        self.report()

    def starts(self, experiments: int) -> None:
        """Call before trainings start: what was started counts, also when it is killed."""
        self._add(Used(experiments=experiments))

    def ended(self, *, cpu_seconds: float, wall_seconds: float) -> None:
        """Call after any command; reports when a batch is full."""
        self._add(Used(cpu_seconds=cpu_seconds, wall_seconds=wall_seconds))
        pending = self._total.cpu_seconds - self._told.cpu_seconds
        if self._total.experiments - self._told.experiments >= self._batch or pending >= BATCH_SECONDS:
            self.report()

    @_locked
    def report(self) -> None:
        """Tells the lab what it does not know yet. Raises OperatorError."""
        pending = UsageRequest(
            researcher=self._researcher,
            experiments=self._total.experiments - self._told.experiments,
            cpu_seconds=max(0.0, self._total.cpu_seconds - self._told.cpu_seconds),
            wall_seconds=max(0.0, self._total.wall_seconds - self._told.wall_seconds),
            model_dollars=max(0.0, self._total.model_dollars - self._told.model_dollars),
        )
        if pending.experiments or pending.cpu_seconds > 0 or pending.model_dollars > LEAST_DOLLARS:
            self._operator.usage(pending)
            self._told = self._total

    @_locked
    def _add(self, more: Used) -> None:
        total = replace(
            self._total,
            experiments=self._total.experiments + more.experiments,
            cpu_seconds=self._total.cpu_seconds + more.cpu_seconds,
            wall_seconds=self._total.wall_seconds + more.wall_seconds,
        )
        self._keep(total)

    def _keep(self, total: Used) -> None:
        self._total = total
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
            model_dollars=mine.model_dollars,
        )


def _read(journal: Path) -> Used:
    try:
        return Used(**json.loads(journal.read_bytes()))
    except FileNotFoundError:
        return Used()
