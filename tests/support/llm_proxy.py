"""A proxy of a real researcher's bench in front of the scripted model server, and what it has left behind."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aarlab.api.client import Door
from aarlab.fleet.bench import Bench
from aarlab.fleet.guard import Guard
from aarlab.fleet.housing import backend_of, house
from aarlab.fleet.meter import Meter
from aarlab.fleet.transcript import Transcript
from aarlab.minds.agent.proxy import Proxy, key_proxy
from aarlab.minds.llm.names import name_of
from aarlab.minds.llm.prices import prices_of
from aarlab.minds.protocol import Share
from aarlab.minds.tools.scribe import Scribe
from aarlab.settings import MindSettings, PriceSettings, SandboxSettings, WatchdogSettings
from tests.support.lab import LabProcess, until
from tests.support.llm_server import KEY, LlmServer, Step, llm_server

PRICE = PriceSettings(model_input=1.0, model_output=10.0)


@dataclass
class Front:
    """What a harness sees, and what is behind it."""

    proxy: Proxy
    """Runs."""
    server: LlmServer
    """The provider."""
    bench: Bench
    """Of r1."""
    kept: Path
    """Its transcript."""
    lines: list[str]
    """Its log."""
    meter: Meter
    """Of r1."""
    before: float
    """Dollars for its model before this."""
    model: str
    """As in the settings."""

    @property
    def provider(self) -> str:
        """Of the study's model."""
        return self.model.partition("/")[0]

    def settled(self, exchanges: int) -> None:
        """Waits until so many exchanges have ended in the record; the harness has its answer a little before."""
        until(lambda: sum(one["kind"] in ("answer", "trouble") for one in self.entries) == exchanges)

    @property
    def base(self) -> str:
        """The address without "/v1"."""
        return f"http://127.0.0.1:{self.proxy.port}"

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Of the transcript."""
        return [json.loads(line) for line in self.kept.read_text().splitlines()] if self.kept.is_file() else []

    @property
    def spent(self) -> float:
        """Dollars for its model."""
        return round(self.meter.model_dollars - self.before, 9)


@contextmanager
def front(
    lab: LabProcess,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *script: Step,
    model: str = "anthropic/claude-sonnet-5-5",
    socket: Path | None = None,
    dollars: float = 1.0,
    output: int = 1000,
    base: str = "",
    key: str = KEY,
) -> Iterator[Front]:
    """A researcher r1 with so many dollars that speaks to `script` through the proxy."""
    settings, name, lines = MindSettings(model=model, output_tokens=output), name_of(model), list[str]()
    sandbox = house(
        backend_of(SandboxSettings(backend="unsafe-local")), lab.paths, SandboxSettings(), name="r1", index=0
    )
    with llm_server(*script) as server, lab.operator() as operator, Door(lab.socket("r1")) as door, sandbox:
        for variable, value in server.environment(key).items():
            monkeypatch.setenv(variable, base if base and variable.endswith("_BASE_URL") else value)
        kept = folder / "kept" / "r1.jsonl"
        meter = Meter(folder / "usage.json", operator, researcher="r1", price=PRICE)
        before, paid = meter.dollars, meter.model_dollars
        bench = Bench(
            door,
            sandbox,
            meter=meter,
            share=Share(experiments=1, dev_answers=1, verifications=1, dollars=before + dollars),
            seconds=20.0,
            stop=threading.Event(),
            log=lines.append,
            record=Transcript(kept).add,
            guard=Guard(WatchdogSettings(), say=lines.append, end=lines.append),
        )
        with key_proxy(
            bench,
            name=name,
            prices=prices_of(name, PRICE),
            settings=settings,
            scribe=Scribe(bench, model=model),
            socket=socket,
        ) as proxy:
            yield Front(proxy, server, bench, kept, lines, meter, paid, model)
