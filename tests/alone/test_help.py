"""Tests that measure time: `make test` runs this folder by itself, when the others are done."""

import subprocess
import sys
import time

HELP_SECONDS = 0.5


def test_help_is_quick() -> None:
    def seconds() -> float:
        begin = time.monotonic()
        subprocess.run([sys.executable, "-m", "aarlab.cli.main", "--help"], check=True, capture_output=True)
        return time.monotonic() - begin

    assert min(seconds() for _ in range(5)) < HELP_SECONDS
