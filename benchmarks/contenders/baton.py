"""Turns: of several processes only the one that has the baton works, a training step at a time.

So whatever else the machine does falls on all of them alike, and a long run is compared step by step.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

STEP, REST, DONE = "step", "rest", "done"
"""Kinds of a report: a training step; anything else, such as answering; the end, with what was found."""


class Baton:
    """This process's side. From now on what is printed goes to standard error."""

    def __init__(self) -> None:
        self._reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._phase = ""
        self._wall = self._core = 0.0

    def begin(self) -> None:
        """Waits for the first turn. Call it when all libraries are imported."""
        self._wait()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What belongs to one training: loading, steps, answers."""
        self._phase = name
        yield
        self._pass(REST)

    def step(self) -> None:
        """Call after each training step, or at the same place in each."""
        self._pass(STEP)

    def done(self, found: Mapping[str, Any]) -> None:
        """The end."""
        self._report({"kind": DONE, "found": dict(found)})

    def _pass(self, kind: str) -> None:
        wall, core = time.perf_counter() - self._wall, time.process_time() - self._core
        self._report({"kind": kind, "phase": self._phase, "wall": wall, "core": core})
        self._wait()

    def _wait(self) -> None:
        if not sys.stdin.readline():
            sys.exit("nobody gives turns any more")
        self._wall, self._core = time.perf_counter(), time.process_time()

    def _report(self, report: Mapping[str, Any]) -> None:
        print(json.dumps(report), file=self._reports, flush=True)
