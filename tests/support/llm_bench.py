"""A researcher's workbench at a real lab's door, for minds that a scripted model server drives in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aarlab.fleet.bench import fair_share
from aarlab.settings import BudgetSettings, WatchdogSettings
from tests.support.lab import LabProcess
from tests.support.workbench import Place, workbench

__all__ = ["Place", "place"]


@contextmanager
def place(lab: LabProcess, folder: Path, *, name: str = "r1", dollars: float = 50.0) -> Iterator[Place]:
    """A bench with so many dollars, which gives a provider up at once."""
    share = fair_share(BudgetSettings(dollars=dollars), index=0, researchers=1)
    patience = WatchdogSettings(provider_minutes=0)
    with workbench(lab, folder, name=name, share=lambda _: share, watchdog=patience) as found:
        yield found
