"""The benchmark against others' code: what its table says, what it refuses, and a run without others' clones."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.peers import BEGIN, END, GOAL, NAMES, Row, parser, table, verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "peers.md").read_text()


def row(name: str, *, step: float, experiment: float, confidence: float | None) -> Row:
    """Wall times are twice core times."""
    wall = None if confidence is None else 2 * confidence
    found = {"teacher": 0.7, "ceiling": 0.9}
    return Row(name, 2 * step, step, 2 * experiment, experiment, wall, confidence, steps=10, found=found)


def test_ratios_are_ours_to_theirs_and_what_is_missed_is_named() -> None:
    ours = row("ours", step=90.0, experiment=5.0, confidence=95.0)
    plain = row("plain", step=100.0, experiment=10.0, confidence=None)
    openai = row("openai", step=50.0, experiment=20.0, confidence=100.0)
    lines = [line.strip("| ").split(" | ") for line in table([ours, plain, openai]).splitlines()]
    assert len({len(line) for line in lines[2:]} | {12}) == 1
    assert lines[3] == [
        *("Trainer + PEFT", "LoRA, head", "100", "0.90", "0.90", "10.0", "0.50", "0.50"),
        *("-", "-", "-", "0.700, 0.900"),
    ]
    assert lines[4][2:11] == ["50", "1.80", "1.80", "20.0", "0.25", "0.25", "100", "0.95", "0.95"]
    missed = "missed against openai/weak-to-strong (step 1.80); openai/weak-to-strong (confidence 0.95)"
    assert verdict([ours, plain, openai]) == f"goal <= {GOAL} of core time: {missed}"
    assert verdict([ours, plain]).endswith("met everywhere")


def test_a_folder_that_is_no_clone_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--openai", str(tmp_path)])
    assert ended.value.code == 2
    assert "is no clone of openai/weak-to-strong or EleutherAI/w2s: docs/peers.md" in capsys.readouterr().err


def test_the_page_has_a_measured_table_and_names_options_that_exist() -> None:
    measured = PAGE.split(BEGIN, 1)[1].split(END, 1)[0]
    assert [line.split(" | ")[0].strip("| ") for line in measured.splitlines()[3:] if line.startswith("|")] == [
        *NAMES.values()
    ]
    assert verdict([row("ours", step=1.0, experiment=1.0, confidence=1.0)])[:10] in measured
    options = parser().format_help()
    named = re.findall(r"--[a-z]+", re.sub(r"```.+?```", "", PAGE, flags=re.DOTALL))
    assert {"--python", "--threads"} <= set(named)
    assert [name for name in named if name not in options] == []


@pytest.mark.hf
@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason='the extra "hf" is not installed')
def test_all_learn_the_same_in_one_run() -> None:
    command = [sys.executable, "-m", "benchmarks.peers", "--items", "256", "--epochs", "2", "--width", "32", "--json"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
    )
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert list(rows) == ["ours", "plain", "sorted"]
    assert {row["steps"] for row in rows.values()} == {2 * (16 - 1)}
    assert all(0 < row["step_core_ms"] < 1000 * row["experiment_core_s"] for row in rows.values())
    assert rows["ours"]["confidence_ms"] > 0
    assert rows["plain"]["confidence_ms"] is None
    ceilings = {name: row["found"]["ceiling"] for name, row in rows.items()}
    assert min(ceilings.values()) > 0.6, ceilings
