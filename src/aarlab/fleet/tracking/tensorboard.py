"""TensorBoard (extra `tensorboard`): event files in the study's folder."""

from pathlib import Path

from aarlab.fleet.tracking.protocol import Run, Sample


class TensorBoard:
    """See Tracker. `tensorboard --logdir STUDY/tracking/tensorboard` shows them."""

    def __init__(self, folder: Path) -> None:
        """A file of its own for each session, in `folder`."""
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(logdir=str(folder / "tensorboard"))

    def begin(self, run: Run) -> None:
        """As in Tracker."""
        lines = [f"    {name} = {value}" for name, value in {"name": run.name, **run.settings}.items()]
        self._writer.add_text("study", "\n".join(lines), 0)

    def log(self, sample: Sample) -> None:
        """As in Tracker."""
        for name, value in sample.numbers.items():
            self._writer.add_scalar(name, value, sample.step, sample.time)
        for name, text in sample.texts.items():
            self._writer.add_text(name, text, sample.step, sample.time)

    def close(self) -> None:
        """As in Tracker."""
        self._writer.close()
