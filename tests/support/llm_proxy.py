"""A proxy of a real researcher's bench in front of the scripted model server, and what it has left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aarlab.fleet.bench import Bench
from aarlab.fleet.meter import Meter
from aarlab.minds.agent.proxy import Proxy, key_proxy
from aarlab.minds.llm.names import name_of
from aarlab.minds.llm.prices import prices_of
from aarlab.minds.protocol import Share
from aarlab.minds.tools.scribe import Scribe
from aarlab.settings import MindSettings, PriceSettings
from tests.support.lab import LabProcess, until
from tests.support.llm_server import KEY, LlmServer, Step, llm_server
from tests.support.workbench import Place, workbench

PRICE = PriceSettings(model_input=1.0, model_output=10.0)


@dataclass
class Front:
    """What a harness sees, and what is behind it."""

    proxy: Proxy
    """Runs."""
    server: LlmServer
    """The provider."""
    place: Place
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
    def bench(self) -> Bench:
        """Of r1."""
        return self.place.bench

    @property
    def lines(self) -> list[str]:
        """Its log."""
        return self.place.log

    @property
    def meter(self) -> Meter:
        """Of r1."""
        return self.place.meter

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Of the transcript."""
        return self.place.transcript

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
    settings, name = MindSettings(model=model, output_tokens=output), name_of(model)

    def share(meter: Meter) -> Share:
        return Share(experiments=1, dev_answers=1, verifications=1, dollars=meter.dollars + dollars)

    with llm_server(*script) as server, workbench(lab, folder, share=share) as place:
        for variable, value in server.environment(key).items():
            monkeypatch.setenv(variable, base if base and variable.endswith("_BASE_URL") else value)
        bench, paid = place.bench, place.meter.model_dollars
        with key_proxy(
            bench,
            name=name,
            prices=prices_of(name, PRICE),
            settings=settings,
            scribe=Scribe(bench, model=model),
            socket=socket,
        ) as proxy:
            yield Front(proxy, server, place, paid, model)
