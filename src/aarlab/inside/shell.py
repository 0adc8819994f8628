"""Starts a shell, or one command, on the terminal that a person was given: `python -m aarlab.inside.shell [COMMAND]`.

The terminal was made outside for this sandbox alone and is the standard input. It becomes that of a session of its own,
so that Ctrl-C and Ctrl-Z reach what runs in front, as in any terminal.
"""

import fcntl
import os
import shutil
import sys
import termios
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Becomes the shell; the exit status where a process had to be put between."""
    status = _take_terminal()
    if status is None:
        argv = _shell(arguments)
        os.execv(argv[0], argv)
    return status


def _shell(arguments: Sequence[str]) -> list[str]:
    if arguments:
        return ["/bin/sh", "-c", arguments[0]]
    bash = shutil.which("bash")
    return [bash, "--norc", "--noprofile", "-i"] if bash else ["/bin/sh", "-i"]


def _take_terminal() -> int | None:
    """None in the process that has the terminal; in one that only waits for it, its exit status."""
    if os.getsid(0) != os.getpid():
        try:
            os.setsid()
        except PermissionError:  # who leads a process group cannot: a child can
            child = os.fork()
            if child:
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                return code if code >= 0 else 128 - code
            os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    return None


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
