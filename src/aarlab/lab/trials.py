"""Several methods on the same draws, outside of any study: trained in sandboxes and graded as verification does."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from aarlab.errors import AarlabError, UserError
from aarlab.lab.rerun import Bench, Run, Step

POLL_SECONDS = 0.2
"""How soon a wish to stop is seen."""
STOPPED = "stopped before the end; nothing was kept"


class StoppedError(AarlabError):
    """Somebody asked for an end; nothing was kept."""

    exit_code = 130


@dataclass(frozen=True)
class Trials:
    """Where methods are tried."""

    bench: Bench
    """Problem, sandboxes and limits."""
    parallel: int
    """Trainings at the same time."""
    uid: Callable[[int], int | None]
    """The host uid of a slot's sandboxes."""
    stop: threading.Event
    """Set by whoever wants an end."""

    def run(
        self, methods: Mapping[str, Mapping[str, str]], seeds: Sequence[int], *, tick: Callable[[], None]
    ) -> dict[str, list[Any]]:
        """The outcomes of each method (name -> files), in the order of seeds. `tick` is called after each training.

        Raises UserError when a training does not end well, StoppedError when asked to, OperatorError as `Bench.run`.
        """
        jobs = [(name, seed) for seed in seeds for name in methods]
        slots: SimpleQueue[int] = SimpleQueue()
        for slot in range(self.parallel):
            slots.put(slot)
        with ThreadPoolExecutor(self.parallel) as pool:
            started = {pool.submit(self._one, methods[name], seed, slots): (name, seed) for name, seed in jobs}
            try:
                self._wait(started, tick)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                self.bench.kill()
        found = {job: future.result() for future, job in started.items()}
        return {name: [found[name, seed].outcome for seed in seeds] for name in methods}

    def _one(self, files: Mapping[str, str], seed: int, slots: "SimpleQueue[int]") -> Run:
        slot = slots.get()
        try:
            if self.stop.is_set():
                raise StoppedError(STOPPED)
            return self.bench.run(files, Step(seed), slot=slot, uid=self.uid(slot))
        finally:
            slots.put(slot)

    def _wait(self, started: Mapping["Future[Run]", tuple[str, int]], tick: Callable[[], None]) -> None:
        open_ones = set(started)
        while open_ones:
            done, open_ones = wait(open_ones, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            if self.stop.is_set():
                raise StoppedError(STOPPED)
            for future in done:
                _require_ok(future.result(), *started[future])
                tick()


def _require_ok(run: Run, name: str, seed: int) -> None:
    if run.status != "ok":
        raise UserError(f"{name} does not train on every draw: {run.status} (seed {seed})")
