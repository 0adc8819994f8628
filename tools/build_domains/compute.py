"""Computes the features of the embedded domains and writes them into the package, or checks the shipped ones."""

import argparse
import sys
import time
from pathlib import Path

from aarlab.w2s.domains import EMBEDDED
from aarlab.w2s.domains.rebuild import rebuild


def _show(done: int, total: int) -> None:
    print(f"\r{done:,} of {total:,} tokens", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("domains", nargs="*", default=EMBEDDED)
    parser.add_argument("--cache", type=Path, help="folder that lets an interrupted run resume")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    arguments = parser.parse_args()
    for name in arguments.domains:
        start = time.monotonic()
        report = rebuild(name, write=not arguments.check, cache=arguments.cache, progress=_show)
        print(f"\n{name}: {report} in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
