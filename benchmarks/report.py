"""The report of a finished study of 1,000 submissions: goals <= 10 s and <= 10 MB, printed as ratios to them.

The study is written by the lab's own desks (tests/support/campaign.py), with methods and proposals of common size.

python -m benchmarks.report [--submissions 1000] [--study FOLDER]
"""

import argparse
import tempfile
import time
from pathlib import Path

from aarlab.paths import StudyPaths
from aarlab.report.build import build_report
from tests.support.campaign import campaign

SECONDS, MEGABYTES = 10.0, 10.0
CODE = "".join(f"# line {number}: if x < {number} and y > {number}: keep('&')\n" for number in range(80))
"""About 4 kB, with characters that grow when they are escaped."""


def main() -> None:
    """Prints the table; ends with status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--study", type=Path, help="a study that is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.study is None:
            paths, took = campaign(Path(folder) / "study", submissions=options.submissions, code=CODE)
            print(f"a study of {options.submissions} submissions, written in {took:.0f} s")
        else:
            paths = StudyPaths(options.study.absolute())
        missed = [measure(paths, public=public) for public in (False, True)]
    raise SystemExit(any(missed))


def measure(paths: StudyPaths, *, public: bool) -> bool:
    """Builds one report and prints its line; whether a goal was missed."""
    began, busy = time.perf_counter(), time.process_time()
    size = build_report(paths, public=public).stat().st_size / 1e6
    took, busy = time.perf_counter() - began, time.process_time() - busy
    name = "public report" if public else "report"
    print(f"{name:14}{took:6.2f} s ({busy:.2f} s of a core) = {took / SECONDS:.2f} of the goal")
    print(f"{'':14}{size:6.2f} MB = {size / MEGABYTES:.2f} of the goal")
    return took > SECONDS or size > MEGABYTES


if __name__ == "__main__":
    main()
