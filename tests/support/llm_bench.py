"""A researcher's workbench at a real lab's door, for minds that a scripted model server drives in this process."""

import json
import threading
from collections.abc import Iterator
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
from aarlab.settings import BudgetSettings, PriceSettings, SandboxSettings, WatchdogSettings
from tests.support.lab import LabProcess


@dataclass(frozen=True)
class Place:
    """One researcher's workbench and what is seen of it."""

    bench: Bench
    """The real one."""
    meter: Meter
    """The real one."""
    stop: threading.Event
    """Set, it is SIGTERM."""
    log: list[str]
    """Its lines."""
    folder: Path
    """Where meter and transcript write."""

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """Its entries."""
        path = self.folder / "kept" / f"{self.bench.me.name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def reserved(self) -> float:
        """What the journal has set aside for a call."""
        found: dict[str, float] = json.loads((self.folder / "usage.json").read_text())
        return found["reserved"]


@contextmanager
def place(lab: LabProcess, folder: Path, *, name: str = "r1", dollars: float = 50.0) -> Iterator[Place]:
    """A bench with a plain folder as its sandbox: nothing is isolated."""
    sandbox = house(
        backend_of(SandboxSettings(backend="unsafe-local")), lab.paths, SandboxSettings(), name=name, index=0
    )
    stop, log = threading.Event(), list[str]()
    with lab.operator() as operator, Door(lab.socket(name)) as door, sandbox:
        meter = Meter(folder / "usage.json", operator, researcher=name, price=PriceSettings())
        bench = Bench(
            door,
            sandbox,
            meter=meter,
            share=fair_share(BudgetSettings(dollars=dollars), index=0, researchers=1),
            seconds=20.0,
            stop=stop,
            log=log.append,
            record=Transcript(folder / "kept" / f"{name}.jsonl").add,
            guard=Guard(WatchdogSettings(provider_minutes=0), say=log.append, end=log.append),
        )
        yield Place(bench, meter, stop, log, folder)
