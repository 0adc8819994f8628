"""trackio (extra `trackio`): where `trackio show` looks, or TRACKIO_DIR."""

from pathlib import Path
from typing import Any

from aarlab.fleet.tracking.protocol import Run, Sample


class Trackio:
    """See Tracker."""

    def __init__(self, _: Path) -> None:
        """trackio keeps its runs in one place of its own."""
        self._run: Any = None

    def begin(self, run: Run) -> None:
        """As in Tracker. No statistics of the machine are taken."""
        import trackio

        self._run = trackio.init(
            project=run.project,
            name=f"{run.name}-{run.id[:6]}",
            config=dict(run.settings),
            resume="allow",
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )

    def log(self, sample: Sample) -> None:
        """As in Tracker."""
        self._run.log({**sample.numbers, **sample.texts}, step=sample.step)

    def close(self) -> None:
        """As in Tracker."""
        if self._run is not None:
            self._run.finish()
