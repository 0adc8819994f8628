"""The tracker that needs nothing: one JSON object a line."""

import json
from dataclasses import asdict
from pathlib import Path

from aarlab.canonical import canonical_json
from aarlab.fleet.tracking.protocol import Run, Sample


class JsonLines:
    """See Tracker. Writes folder/run.json and folder/samples.jsonl."""

    def __init__(self, folder: Path) -> None:
        """Opens the file for more lines."""
        self._folder = folder
        self._stream = (folder / "samples.jsonl").open("a", encoding="utf-8")

    def begin(self, run: Run) -> None:
        """As in Tracker."""
        (self._folder / "run.json").write_text(json.dumps(asdict(run), indent=2) + "\n")

    def log(self, sample: Sample) -> None:
        """As in Tracker."""
        self._stream.write(canonical_json(asdict(sample)).decode() + "\n")
        self._stream.flush()

    def close(self) -> None:
        """As in Tracker."""
        self._stream.close()
