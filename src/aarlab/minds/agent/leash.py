"""Runs a harness with a few variables of the environment only, and so that it dies with who started it.

`python leash.py PID-FILE PROGRAM ARGUMENT...`, where AARLAB_KEEP names the variables. Imports nothing of aarlab.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

KEEP = "AARLAB_KEEP"
"""Variable with the names, in one word, with commas."""
_SET_PDEATHSIG = 1


def kept(environment: Mapping[str, str]) -> dict[str, str]:
    """What the harness sees: no key of anybody, no settings of the host's own harness."""
    names = environment.get(KEEP, "").split(",")
    return {name: environment[name] for name in names if name in environment}


def main() -> None:
    """Does not return."""
    place, program, *arguments = sys.argv[1:]
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent or parent == 1:
        raise SystemExit(1)
    Path(place).write_text(str(os.getpid()))
    os.execve(program, [program, *arguments], kept(os.environ))


if __name__ == "__main__":
    main()
