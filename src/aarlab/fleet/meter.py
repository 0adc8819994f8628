"""Counts what a researcher's sandbox and its model use, and tells the operator's door in batches.

The journal is written before a training starts and after it ends. What is still to be told is the journal's total less
what the lab has counted, so a crash between the two is neither lost nor counted twice.

Money is set aside before it is spent: the lab holds back, for each researcher, what it may spend until its next report,
and gives no more than the team has. So the cap holds, however many researchers work at once.
"""

import json
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from aarlab.api.client import Operator
from aarlab.canonical import canonical_json
from aarlab.errors import ResearcherError
from aarlab.settings import PriceSettings
from aarlab.wire import Models, ModelUse, Tokens, UsageRequest
from aarlab.wire.usage import summed, without

BATCH = 4
BATCH_SECONDS = 30.0
"""Core time that is told at the latest."""
REPORT_SECONDS = 2.0
"""Calls of models are told at most so often; what is not told yet is covered by what the lab has set aside."""
CALL_AHEAD = 1.25
"""So many times what a call may cost is asked for, because the next call is a little longer."""
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
    gpu_seconds: float = 0.0
    """Number of GPUs that its sandbox held times the seconds for which it held them."""
    model_dollars: float = 0.0
    """Calls of its language models."""
    models: Models = field(default_factory=dict)
    """The same calls by model."""
    reserved: float = 0.0
    """What the call that is under way may cost at worst."""
    leased: float = 0.0
    """What programs that work by themselves have paid ahead for core time, in dollars."""


class Meter:
    """One researcher's meter. Commands may run side by side; calls to models that do so are reserved as one sum."""

    def __init__(
        self, journal: Path, operator: Operator, *, researcher: str, price: PriceSettings, batch: int = BATCH
    ) -> None:
        self._journal = journal
        self._operator = operator
        self._researcher = researcher
        self._price = price
        self._batch = batch
        self._lock = threading.RLock()
        self._under_way = 0.0
        self._held, self._told_at = 0.0, 0.0
        # A call that was under way when the process was killed may have been paid for: it counts in full. So does what
        # a program had paid ahead, for its last seconds were not put down.
        self._total = _with_lease(_with_call(_read(journal), model="", use=None), price)
        self._told = self._counted_by_lab()
        self._total = _at_least(self._total, self._told)  # the journal may be lost, what the lab counts is not

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
        """Paid for its models, ever."""
        return self._total.model_dollars

    @property
    def reserved(self) -> float:
        """What is set aside for calls of its models that are under way."""
        return self._total.reserved

    @property
    def dollars(self) -> float:
        """All that it has cost, and what is under way at its worst."""
        with self._lock:
            return self._dollars(self._total) + self._under_way

    def reserve(self, dollars: float) -> None:
        """Call before a model is asked: who is killed while it answers has spent this. Replaces an earlier one.

        Raises ResearcherError(code="budget") where the team has no money for it, OperatorError.
        """
        with self._lock:
            before, self._under_way = self._under_way, max(0.0, self._under_way - self._total.reserved)
            try:
                self._hold(dollars, ahead=CALL_AHEAD)
            except ResearcherError:
                self._under_way = before
                raise
            self._keep(replace(self._total, reserved=dollars))

    def pay(self, dollars: float, *, model: str = "", tokens: Tokens | None = None) -> None:
        """Call when the model has answered: what it has cost instead. Tells the lab, soon."""
        with self._lock:
            self._under_way = max(0.0, self._under_way - self._total.reserved)
            calls = int(tokens is not None or dollars > 0)
            use = ModelUse(calls=calls, tokens=tokens or Tokens(), dollars=dollars)
            self._keep(_with_call(self._total, model=model, use=use))
            if time.monotonic() - self._told_at >= REPORT_SECONDS:
                self.report()

    def hold(self, dollars: float, *, lease: bool = False) -> None:
        """Call before a command runs, with what it may cost. Raises as `reserve`.

        A `lease` is spent when this process is killed before it has `ended`.
        """
        with self._lock:
            self._hold(dollars, ahead=self._batch)
            if lease:
                self._keep(replace(self._total, leased=self._total.leased + dollars))

    def starts(self, experiments: int) -> None:
        """Call before trainings start: what was started counts, also when it is killed."""
        self._add(Used(experiments=experiments))

    def ended(
        self, *, cpu_seconds: float, wall_seconds: float, gpus: int = 0, held: float = 0.0, lease: bool = False
    ) -> None:
        """Call after any command; reports when a batch is full. `gpus` were held by it, `held` is what `hold` got."""
        with self._lock:
            self._under_way = max(0.0, self._under_way - held)
            if lease:
                self._total = replace(self._total, leased=max(0.0, self._total.leased - held))
            used = Used(cpu_seconds=cpu_seconds, wall_seconds=wall_seconds, gpu_seconds=gpus * wall_seconds)
            self._add(used)
            pending = self._total.cpu_seconds - self._told.cpu_seconds
            if self._total.experiments - self._told.experiments >= self._batch or pending >= BATCH_SECONDS:
                self.report()

    def report(self) -> None:
        """Tells the lab what it does not know yet. Raises OperatorError."""
        with self._lock:
            pending = self._pending()
            if _news(pending):
                self._tell(pending, hold=self._held)

    def close(self) -> None:
        """Tells the lab everything, and gives back what is set aside. Raises OperatorError."""
        with self._lock:
            pending = self._pending()
            if self._held or _news(pending):
                self._tell(pending, hold=0.0)

    def _hold(self, dollars: float, *, ahead: float) -> None:
        """Beside what is under way. What the lab does not know yet is paid out of what it has set aside."""
        wanted = self._under_way + dollars
        untold = self._dollars(self._total) - self._dollars(self._told)
        if untold + wanted > self._held + LEAST_DOLLARS:
            self._tell(self._pending(), hold=self._under_way + dollars * ahead)
        if wanted > self._held + LEAST_DOLLARS:
            left = max(0.0, self._held - self._under_way)
            self._tell(self._pending(), hold=self._under_way)
            raise ResearcherError(f"it may cost ${dollars:.4f} and the team has ${left:.4f} for it", code="budget")
        self._under_way = wanted

    def _tell(self, pending: UsageRequest, *, hold: float) -> None:
        self._held = self._operator.usage(pending.model_copy(update={"hold": hold}))
        self._told, self._told_at = self._total, time.monotonic()

    def _pending(self) -> UsageRequest:
        total, told = self._total, self._told
        return UsageRequest(
            researcher=self._researcher,
            experiments=total.experiments - told.experiments,
            cpu_seconds=max(0.0, total.cpu_seconds - told.cpu_seconds),
            wall_seconds=max(0.0, total.wall_seconds - told.wall_seconds),
            gpu_seconds=max(0.0, total.gpu_seconds - told.gpu_seconds),
            model_dollars=max(0.0, total.model_dollars - told.model_dollars),
            models=without(total.models, told.models),
        )

    def _dollars(self, used: Used) -> float:
        return self._price.machine(core_seconds=used.cpu_seconds, gpu_seconds=used.gpu_seconds) + used.model_dollars

    def _add(self, more: Used) -> None:
        with self._lock:
            total = replace(
                self._total,
                experiments=self._total.experiments + more.experiments,
                cpu_seconds=self._total.cpu_seconds + more.cpu_seconds,
                wall_seconds=self._total.wall_seconds + more.wall_seconds,
                gpu_seconds=self._total.gpu_seconds + more.gpu_seconds,
            )
            self._keep(total)

    def _keep(self, total: Used) -> None:
        self._total = total
        models = {name: use.model_dump() for name, use in total.models.items()}
        fresh = self._journal.with_suffix(".new")
        fresh.write_bytes(canonical_json(asdict(total) | {"models": models}))
        fresh.replace(self._journal)  # not synced: it need not outlive the machine, only this process

    def _counted_by_lab(self) -> Used:
        states = {one.name: one for one in self._operator.state().researchers}
        mine = states[self._researcher]
        ratio = self._total.wall_seconds / self._total.cpu_seconds if self._total.cpu_seconds else 0.0
        return Used(
            experiments=mine.experiments,
            cpu_seconds=mine.cpu_seconds,
            wall_seconds=min(self._total.wall_seconds, mine.cpu_seconds * ratio),
            gpu_seconds=mine.gpu_seconds,
            model_dollars=mine.model_dollars,
            models=mine.models,
        )


def _news(pending: UsageRequest) -> bool:
    """Whether there is anything in it."""
    machine = pending.experiments or pending.cpu_seconds > 0 or pending.gpu_seconds > 0
    return bool(machine) or pending.model_dollars > LEAST_DOLLARS or any(use.calls for use in pending.models.values())


def _with_call(used: Used, *, model: str, use: ModelUse | None) -> Used:
    """With a call that has ended; None = it never will, and costs what was set aside for it."""
    if use is None:
        use = ModelUse(calls=int(used.reserved > 0), dollars=used.reserved)
    models = summed(used.models, {model: use}) if use != ModelUse() else used.models
    return replace(used, model_dollars=used.model_dollars + use.dollars, models=models, reserved=0.0)


def _with_lease(used: Used, price: PriceSettings) -> Used:
    """With the core time that programs had paid ahead and did not give back."""
    second = price.machine(core_seconds=1.0)
    more = used.leased / second if second > 0 else 0.0
    return replace(used, cpu_seconds=used.cpu_seconds + more, leased=0.0)


def _at_least(mine: Used, counted: Used) -> Used:
    """The larger of each; by model, those of the larger sum."""
    amounts = ("experiments", "cpu_seconds", "wall_seconds", "gpu_seconds", "model_dollars")
    larger = {name: max(getattr(mine, name), getattr(counted, name)) for name in amounts}
    models = counted.models if counted.model_dollars > mine.model_dollars else mine.models
    return replace(mine, **larger, models=models)


def _read(journal: Path) -> Used:
    try:
        found = json.loads(journal.read_bytes())
    except FileNotFoundError:
        return Used()
    models = {name: ModelUse(**use) for name, use in found.pop("models", {}).items()}
    return Used(**found, models=models)
