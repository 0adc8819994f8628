"""Computes the shipped items of the problem "sycophancy": python tools/build_sycophancy.py --cache FOLDER

Ten minutes on two cores; an interruption loses nothing. Needs the language model: tools/setup.sh text. Only needed
to change the data: the package ships the result.
"""

import argparse
from pathlib import Path

from aarlab.cli.problem import ProgressLine
from aarlab.sycophancy.pool import DATA, write
from aarlab.sycophancy.rebuild import LAYER, compute


def main() -> None:
    """Writes the file anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder for finished work")
    options = parser.parse_args()
    with ProgressLine(quiet=False) as progress:
        pool = compute(LAYER, cache=options.cache, progress=progress)
    write(pool, DATA)
    print(f"{DATA}: {len(pool)} items, {DATA.stat().st_size} bytes")


if __name__ == "__main__":
    main()
