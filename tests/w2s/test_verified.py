"""Every ready-made method comes to a verified row, in every domain, through the lab's own door."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aarlab.w2s.domains.embedded import EMBEDDED
from aarlab.w2s.methods import runnable

ROOT = Path(__file__).parents[2]
RUN_SECONDS = 280.0


def test_the_committed_table_has_a_row_of_every_method_in_every_domain() -> None:
    sections = (ROOT / "docs" / "verified.md").read_text().split("\n## ")[1:]
    found = {section.split("\n", 1)[0]: section.split("\n")[3:] for section in sections}
    assert list(found) == list(EMBEDDED)
    for domain, lines in found.items():
        cells = [line.strip("| ").split(" | ") for line in lines if line]
        assert sorted(row[0] for row in cells) == sorted(runnable(model=False)), f"{domain}: run `make verified`"
        assert {row[1] for row in cells} == {"ok"}


@pytest.mark.slow
def test_a_method_of_two_lines_is_verified_by_a_real_lab() -> None:
    command = [sys.executable, "benchmarks/verified.py", "--domain", "math", "--seeds", "2", "--json"]
    done = subprocess.run(
        [*command, "--method", "vanilla", "--method", "agreement"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    rows = json.loads(done.stdout)
    assert [(row["method"], row["status"], row["missing"]) for row in rows] == [
        ("vanilla", "ok", []),
        ("agreement", "ok", []),
    ]
    assert all(row["weak"] < row["ceiling"] for row in rows)
