"""Weights & Biases (extra `wandb`). WANDB_API_KEY, WANDB_MODE, WANDB_BASE_URL ... mean what they mean to wandb."""

from pathlib import Path
from typing import Any

from aarlab.fleet.tracking.protocol import Run, Sample


class Wandb:
    """See Tracker. Nothing of the machine is sent: no code, no git, no statistics."""

    def __init__(self, folder: Path) -> None:
        """wandb's own files lie in `folder`."""
        self._folder = folder
        self._run: Any = None

    def begin(self, run: Run) -> None:
        """As in Tracker."""
        import wandb

        quiet = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            host="aarlab",
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
        )
        self._run = wandb.init(
            project=run.project,
            name=run.name,
            id=run.id,
            config=dict(run.settings),
            dir=self._folder,
            resume="allow",
            settings=quiet,
        )

    def log(self, sample: Sample) -> None:
        """As in Tracker."""
        self._run.log({**sample.numbers, **sample.texts}, step=sample.step)

    def close(self) -> None:
        """As in Tracker."""
        if self._run is not None:
            self._run.finish()
