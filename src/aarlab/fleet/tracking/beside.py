"""The tracker's process beside a session of a study: whatever becomes of it, the study goes on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aarlab.fleet.engine.protocol import Engine, Job
from aarlab.fleet.logs import size
from aarlab.paths import StudyPaths
from aarlab.settings import TrackingSettings

LOG = "tracking.log"
"""In the study's folder of logs."""
START_SECONDS, FINISH_SECONDS = 10.0, 30.0
"""What it gets to begin, where a session is that short, and to send the rest when the session has ended."""
POLL_SECONDS = 0.05


@contextmanager
def tracking(paths: StudyPaths, settings: TrackingSettings, *, engine: Engine) -> Iterator[None]:
    """Inside, the tracker of the settings is fed, if there is one. Raises OperatorError when no process can start."""
    if not settings.tracker:
        yield
        return
    paths.logs.mkdir(exist_ok=True)
    log = paths.logs / LOG
    before = size(log)
    job = engine.start([sys.executable, "-m", "aarlab.fleet.tracking.main", "--study", str(paths.root)], log=log)
    try:
        yield
    finally:
        _let_finish(job, begun=lambda: size(log) > before)


def _let_finish(job: Job, *, begun: Callable[[], bool]) -> None:
    """A process that has said nothing yet does not listen yet either: SIGTERM would end it with nothing sent."""
    deadline = time.monotonic() + START_SECONDS
    while not begun() and job.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    job.terminate()
    if job.wait(timeout=FINISH_SECONDS) is None:
        job.kill()
