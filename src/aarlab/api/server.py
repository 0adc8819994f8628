"""The lab server: `python -m aarlab.api.server --study DIR`."""

import argparse
import asyncio
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from aarlab.api.doors import Doors
from aarlab.api.operator import operator_app
from aarlab.api.researcher import body_cap, researcher_app
from aarlab.canonical import write_atomic
from aarlab.errors import AarlabError, OperatorError
from aarlab.lab.grounds import Grounds
from aarlab.lab.lab import Lab
from aarlab.lab.library import library
from aarlab.lab.parts import Parts
from aarlab.lab.publish import prepare_runtime, publish_data, publish_library, publish_runtime, runtime_for
from aarlab.paths import StudyPaths, cache_folder
from aarlab.problem import registry
from aarlab.problem.protocols import under_protocol
from aarlab.sandbox.select import select
from aarlab.studyfile import load_study

_LOG = logging.getLogger("aarlab.server")
_PR_SET_PDEATHSIG = 1
_OPERATOR_CAP = 2**20
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Sums in another order round otherwise, and a score must not depend on the host's number of cores."""
_PROGRESS_SECONDS = 0.3


def main(argv: Sequence[str] | None = None) -> int:
    """Serves one study until SIGTERM or SIGINT. Exit status: 0, or that of the error in the last line of stderr."""
    parser = argparse.ArgumentParser(prog="python -m aarlab.api.server", description="Serves the lab of one study.")
    parser.add_argument("--study", type=Path, required=True, help="folder with study.toml")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the process that started this ends")
    options = parser.parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    os.umask(0o022)
    os.environ.update(_ONE_THREAD)
    if options.die_with_parent:
        _die_with_parent()
    try:
        asyncio.run(serve(StudyPaths(options.study.resolve())))
    except AarlabError as error:
        _LOG.error("%s", error)
        return error.exit_code
    return 0


async def serve(paths: StudyPaths) -> None:
    """Serves until a signal. Raises UserError and OperatorError."""
    loop, stop, failures = asyncio.get_running_loop(), asyncio.Event(), list[OperatorError]()

    def fatal(error: OperatorError) -> None:
        failures.append(error)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    (lab, grounds), doors = await asyncio.to_thread(_open_lab, paths, fatal), Doors()
    try:
        await _open_doors(lab, doors, paths, grounds=grounds)
        await stop.wait()
    finally:
        await doors.close()
        await asyncio.to_thread(grounds.close)
        await asyncio.to_thread(lab.close)
        (paths.runtime / "server.pid").unlink(missing_ok=True)
    if failures:
        raise failures[0]


def _open_lab(paths: StudyPaths, fatal: Callable[[OperatorError], None]) -> tuple[Lab, Grounds]:
    config = load_study(paths.config)
    prepare_runtime(paths)
    found = registry.load(config.problem.kind, config.problem.own(), cache=cache_folder(), progress=_Progress())
    problem = under_protocol(found, config)
    publish_library(paths, partial(library, config, problem, study=paths.root))
    backend, runtime = select(config.sandbox.backend), runtime_for(problem, config, progress=_LOG.info)
    lab = Lab(Parts(paths, config, problem, backend, runtime), fatal=fatal)
    key, bait = lab.data_key(), config.integrity.bait
    try:
        publish_runtime(runtime, paths)
        publish_data(problem, paths, key=key)
        lab.start()
    except AarlabError:
        lab.close()
        raise
    grounds = Grounds(paths, problem.card(), key=key, bait=bait, on_suspicion=lab.incidents.suspect)
    grounds.start()
    return lab, grounds


async def _open_doors(lab: Lab, doors: Doors, paths: StudyPaths, *, grounds: Grounds) -> None:
    researchers, cap = researcher_app(lab), partial(body_cap, lab)

    async def open_door(name: str, index: int) -> None:
        path = paths.socket_folder(name) / "lab.sock"
        await asyncio.to_thread(grounds.open, name)
        await doors.open(path, researchers, identity=name, cap=cap, uid=paths.uid(index))

    for name, index in lab.researchers().items():
        await open_door(name, index)
    operators = operator_app(lab, open_door=open_door)
    await doors.open(paths.operator_socket, operators, identity="operator", cap=lambda _: _OPERATOR_CAP)
    write_atomic(paths.runtime / "server.pid", f"{os.getpid()}\n".encode())


class _Progress:
    """Says in the log how far the loading of the problem is, a few times a second; the fleet reads it there."""

    def __init__(self) -> None:
        self._said = 0.0

    def __call__(self, done: int, total: int, what: str, /) -> None:
        now = time.monotonic()
        if done >= total or now - self._said >= _PROGRESS_SECONDS:
            self._said = now
            _LOG.info("progress %d/%d %s", done, total, what)


def _die_with_parent() -> None:
    """SIGTERM when the parent ends, also if it has ended before this could be asked for."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main())
