"""The tracker's process: `python -m aarlab.fleet.tracking.main --study DIR`.

It reads the ledger beside the lab and sends what is new. On a study that nobody works on it sends the rest and ends.
"""

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from aarlab.canonical import canonical_json, write_atomic
from aarlab.errors import AarlabError
from aarlab.fleet.study import running
from aarlab.fleet.tracking.choose import make_tracker
from aarlab.fleet.tracking.protocol import Sample, Tracker
from aarlab.fleet.tracking.samples import run_of, sample
from aarlab.lab.follower import Follower
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from aarlab.studyfile import load_study

POLL_SECONDS = 1.0
"""Between two looks at the ledger."""
SENT = "sent.json"
"""In the tracker's folder: the last entry of which it was told, so that a session goes on where another has ended."""
_LOG = logging.getLogger("aarlab.tracking")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 when all is sent; otherwise the log's last line says why not."""
    parser = argparse.ArgumentParser(prog="python -m aarlab.fleet.tracking.main", description="Feeds a tracker.")
    parser.add_argument("--study", type=Path, required=True, help="folder with study.toml")
    options = parser.parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _LOG.info("follows the ledger")
    try:
        track(StudyPaths(options.study.absolute()), stop=stop)
    except AarlabError as error:
        _LOG.error("%s", error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - top of the process: a tracker's package may raise anything
        _LOG.error("nothing more is tracked: %s: %s", type(error).__name__, " ".join(str(error).split()))
        return 1
    return 0


def track(paths: StudyPaths, *, stop: threading.Event) -> None:
    """Sends until nobody works on the study or `stop` is set, and then the rest."""
    config = load_study(paths.config)
    folder = paths.root / "tracking"
    folder.mkdir(exist_ok=True)
    feed = _Feed(paths, config, make_tracker(config.tracking.tracker, folder=folder), folder / SENT)
    try:
        while running(paths) is not None and not stop.is_set():
            feed.send()
            stop.wait(POLL_SECONDS)
        feed.send()
    finally:
        feed.close()


class _Feed:
    """The ledger on one side, the tracker on the other."""

    def __init__(self, paths: StudyPaths, config: StudyConfig, tracker: Tracker, sent: Path) -> None:
        self._config, self._tracker, self._sent = config, tracker, sent
        self._ledger = Follower(paths)
        self._before = int(json.loads(sent.read_text())["seq"]) if sent.exists() else 0

    def send(self) -> None:
        """What is new."""
        for event in self._ledger.fresh():
            if event.seq == 1:
                self._tracker.begin(run_of(event, self._config))
            told = sample(event, self._ledger.state, texts=self._config.tracking.texts)
            if told is not None and told.step > self._before:
                self._log(told)

    def _log(self, told: Sample) -> None:
        self._tracker.log(told)
        write_atomic(self._sent, canonical_json({"seq": told.step}))

    def close(self) -> None:
        self._tracker.close()


if __name__ == "__main__":
    raise SystemExit(main())
