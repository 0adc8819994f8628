"""A researcher's real workbench at a real lab's door, in this process: the one way in which tests build a Bench."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.api.client import Door
from aarlab.fleet.bench import Bench, fair_share
from aarlab.fleet.guard import Guard
from aarlab.fleet.housing import backend_of, house
from aarlab.fleet.meter import Meter
from aarlab.fleet.transcript import Transcript
from aarlab.minds.protocol import Share
from aarlab.sandbox.protocol import Sandbox
from aarlab.settings import BudgetSettings, PriceSettings, SandboxSettings, WatchdogSettings
from tests.support.lab import LabProcess

PLAIN = SandboxSettings(backend="unsafe-local")
"""A plain folder: nothing is isolated."""


@dataclass(frozen=True)
class Place:
    """One researcher's workbench and what is seen of it."""

    bench: Bench
    """The real one."""
    meter: Meter
    """The real one."""
    sandbox: Sandbox
    """The real one."""
    stop: threading.Event
    """Set, it is SIGTERM."""
    log: list[str]
    """Its lines, and what its watchdog says."""
    folder: Path
    """Where meter and transcript write."""

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """Its entries."""
        path = self.folder / "kept" / f"{self.bench.me.name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []

    @property
    def reserved(self) -> float:
        """What the journal has set aside for a call."""
        found: dict[str, float] = json.loads((self.folder / "usage.json").read_text())
        return found["reserved"]


def equal_share(_: Meter) -> Share:
    """All of a budget that nobody has changed."""
    return fair_share(BudgetSettings(), index=0, researchers=1)


@contextmanager
def workbench(
    lab: LabProcess,
    folder: Path,
    *,
    name: str = "r1",
    index: int = 0,
    share: Callable[[Meter], Share] = equal_share,
    price: PriceSettings | None = None,
    sandbox: SandboxSettings = PLAIN,
    watchdog: WatchdogSettings | None = None,
    seconds: float = 20.0,
) -> Iterator[Place]:
    """Of an admitted researcher, whose place among all is `index`; `share` may look at what it has spent already.

    With a `price` commands cost what that says, without one they are free of charge.
    """
    house_of = house(backend_of(sandbox), lab.paths, sandbox, name=name, index=index)
    stop, log = threading.Event(), list[str]()
    with lab.operator() as operator, Door(lab.socket(name)) as door, house_of as inside:
        meter = Meter(folder / "usage.json", operator, researcher=name, price=price or PriceSettings())
        bench = Bench(
            door,
            inside,
            meter=meter,
            share=share(meter),
            seconds=seconds,
            stop=stop,
            log=log.append,
            record=Transcript(folder / "kept" / f"{name}.jsonl").add,
            guard=Guard(watchdog or WatchdogSettings(), say=log.append, end=log.append),
            second=price.machine(core_seconds=sandbox.cpus) if price else 0.0,
        )
        yield Place(bench, meter, inside, stop, log, folder)
