"""Starting /bin/true in our sandbox against bare bubblewrap with the same folders, and against plain fork+exec.

Interleaved, medians. Ours adds a user of its own, a cgroup, the system-call filter and the wait until nothing is left.
Prints the ratios (goal <= 1.5 to bare bubblewrap).  python benchmarks/sandbox_start.py [--json]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from aarlab.sandbox import layout
from aarlab.sandbox.bubblewrap import Bubblewrap
from aarlab.sandbox.protocol import Spec
from aarlab.sandbox.runtime import build_runtime

GOAL = 1.5
TRUE = ["/bin/true"]


def interleaved(works: Mapping[str, Callable[[], object]], *, repeats: int) -> dict[str, float]:
    """Median milliseconds of each, taken in turns so that a busy moment hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            times[name].append(1000 * (time.perf_counter() - began))
    return {name: statistics.median(values) for name, values in times.items()}


def measure(place: Path, *, repeats: int) -> dict[str, object]:
    """One run in a folder that other users may enter."""
    (place / "data").mkdir()
    (place / "bare").mkdir()
    runtime = build_runtime((), distributions=())
    spec = Spec(name=f"bench-{os.getpid()}", runtime=runtime, work=place / "work", data=place / "data")
    bare = ["bwrap", *layout.options(replace(spec, work=place / "bare")), "--", *TRUE]
    with Bubblewrap().create(spec) as sandbox:
        sandbox.exec(TRUE, timeout=10)
        found = interleaved(
            {
                "fork_exec_ms": lambda: subprocess.run(TRUE, check=True),
                "bare_bubblewrap_ms": lambda: subprocess.run(bare, check=True, env={"PATH": "/usr/bin:/bin"}),
                "ours_ms": lambda: sandbox.exec(TRUE, timeout=10),
            },
            repeats=repeats,
        )
    ratio = found["ours_ms"] / found["bare_bubblewrap_ms"]
    rounded = {name: round(value, 2) for name, value in found.items()}
    return {**rounded, "to_bare": round(ratio, 2), "to_fork_exec": round(found["ours_ms"] / found["fork_exec_ms"], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="aarlab-bench-", dir="/run" if os.geteuid() == 0 else None))
    place.chmod(0o755)
    try:
        row = measure(place, repeats=options.repeats)
    finally:
        shutil.rmtree(place)
    if options.json:
        print(json.dumps({**row, "goal": GOAL}))
        return
    print(
        f"sandbox start: ours {row['ours_ms']} ms, bare bubblewrap {row['bare_bubblewrap_ms']} ms, "
        f"fork+exec {row['fork_exec_ms']} ms; ratio to bare {row['to_bare']} (goal <= {GOAL}), "
        f"to fork+exec {row['to_fork_exec']}"
    )


if __name__ == "__main__":
    main()
