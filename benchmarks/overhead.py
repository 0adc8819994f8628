"""Platform overhead of a whole run, as a ratio: goal <= 3 %.

The overhead of one researcher is the share of its working time in which it neither trained in its sandbox nor waited
for a computation of the lab (dev or verify): process start, self-probe of the sandbox, choosing, writing, posting,
every call at the lab's door. Working time runs from the start of the session to the researcher's last entry in the
ledger; trainings are measured around the sandbox's command by the meter, the lab's computations from request to answer
in the ledger. The figure is the mean over researchers, weighted by working time. A sandbox's own start counts as
training here: benchmarks/sandbox_start.py measures it.

python benchmarks/overhead.py                     runs the default study in a temporary folder
python benchmarks/overhead.py --study FOLDER      reads one that has been run, in one session
python benchmarks/overhead.py --set study.researchers=1
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study, open_study
from aarlab.lab.events import Kind
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.studyfile import config_from_sets

ANSWERS = {Kind.DEV_REQUESTED: Kind.DEV_ANSWERED, Kind.VERIFY_REQUESTED: Kind.VERIFY_FINISHED}


@dataclass(frozen=True)
class Lane:
    """One researcher's working time, in seconds."""

    name: str
    working: float
    training: float
    waiting: float

    @property
    def overhead(self) -> float:
        """Seconds of neither."""
        return self.working - self.training - self.waiting


def lanes(events: Sequence[Event]) -> Iterator[Lane]:
    """The researchers of a study that was run in one session."""
    began = next(event.meta["time"] for event in events if event.kind == Kind.SESSION_STARTED)
    answered = {event.body["id"]: event.meta["time"] for event in events if event.kind in ANSWERS.values()}
    for one in State.of(events).researchers.values():
        own = [event for event in events if event.actor == one.name]
        asked = [event for event in own if event.kind in ANSWERS]
        waiting = sum(answered[event.body["id"]] - event.meta["time"] for event in asked)
        if own:
            yield Lane(one.name, own[-1].meta["time"] - began, one.wall_seconds, waiting)


def run(folder: Path, sets: Sequence[str]) -> float:
    """Runs a study and returns the wall time of all of it, start and end included."""
    config = config_from_sets([*sets, "study.name=overhead"])
    began = time.monotonic()
    Fleet(create_study(config, folder=folder), config).run()
    return time.monotonic() - began


def show(folder: Path) -> float:
    """Prints the table and returns the ratio."""
    paths, _ = open_study(folder)
    found = list(lanes(list(read_events(paths.database))))
    print(f"{'researcher':12} {'working s':>10} {'training s':>11} {'lab s':>8} {'overhead':>9}")
    for lane in found:
        share = lane.overhead / lane.working
        print(f"{lane.name:12} {lane.working:10.1f} {lane.training:11.1f} {lane.waiting:8.1f} {share:9.1%}")
    ratio = sum(lane.overhead for lane in found) / sum(lane.working for lane in found)
    print(f"platform overhead: {ratio:.1%} of the working time (goal <= 3 %)")
    return ratio


def main() -> int:
    """Exit status 0, whatever the ratio: it is a measurement."""
    parser = argparse.ArgumentParser(description="Platform overhead of a run.")
    parser.add_argument("--study", type=Path, help="a study that has been run; default: run one")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="TABLE.FIELD=VALUE")
    options = parser.parse_args()
    if options.study:
        show(options.study)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        total = run(study, options.sets)
        show(study)
        print(f"wall time with start and end: {total:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
