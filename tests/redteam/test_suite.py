"""Every attack of the scoring half on both sides: it works on the naive scorer, and not here."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aarlab.redteam.attack import Attack
from aarlab.redteam.attacks import ATTACKS, cheats, climb, flips, labels, noise, shown
from aarlab.redteam.labs import LABS
from aarlab.redteam.naive import NaiveScorer
from aarlab.redteam.suite import Row, fight
from aarlab.redteam.target import Range
from aarlab.redteam.tools import HONEST
from aarlab.redteam.weighing import design, queries_for, solve
from tests.support.cli import aarlab, start
from tests.support.lab import until

SCORING = (
    *labels.ATTACKS,
    *climb.ATTACKS,
    *flips.ATTACKS,
    *noise.ATTACKS,
    *cheats.ATTACKS,
    *shown.ATTACKS,
)
ROOT = Path(__file__).resolve().parents[2]
QUICK = ("flip one label", "most common answer")


@pytest.fixture(scope="module")
def ground() -> Iterator[tuple[Path, Range]]:
    """One range for all attacks of this module."""
    with tempfile.TemporaryDirectory() as folder, Range(Path(folder), LABS) as found:
        yield Path(folder), found


LONG = ("re-run lottery",)
"""A dozen verifications each."""


def _param(attack: Attack) -> Any:
    return pytest.param(attack, marks=pytest.mark.slow if attack.name in LONG else (), id=attack.name)


@pytest.mark.parametrize("attack", [_param(attack) for attack in SCORING])
def test_an_attack_works_on_the_naive_scorer_and_not_here(attack: Attack, ground: tuple[Path, Range]) -> None:
    row: Row = fight(attack, *ground)
    assert row.naive.worked, row.naive
    assert not row.ours.worked, row.ours
    assert row.passed


HONEST_RUN = """import subprocess, sys
for part in ("train", "dev", "hidden"):
    assert open(f"/data/{part}.jsonl").read().count("choice")
argv = "-m aarlab.w2s.runner --method /work --out /work/out --seeds 0,1,2".split()
sys.exit(subprocess.run([sys.executable, *argv]).returncode)
"""
"""Reads all texts, runs none of them, and trains."""


@pytest.mark.parametrize("name", ["answers", "programs"])
def test_who_reads_the_texts_and_trains_is_not_held(name: str, ground: tuple[Path, Range]) -> None:
    target = ground[1].lab(name)
    box = target.sandbox("honest")
    box.put("method.py", HONEST.encode())
    box.put("run.py", HONEST_RUN.encode())
    done = box.exec([shown.PYTHON, "/work/run.py"], timeout=60)
    assert done.status == "ok", done.stderr
    files = tuple((f"out/{seed}/dev.json", f"out/{seed}/hidden.json") for seed in range(3))
    made = shown.hand_in(target, "honest", title="vanilla", files=files)
    assert (made.dev.status, made.verified.status) == ("ok", "ok")
    found = [one for one in target.operator.incidents() if one.researcher == "honest"]
    assert all(one.level != "quarantine" for one in found), found
    assert shown.ranks(target, made.verified.id) == (True, "")


def test_names_are_unique() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_published_number_of_queries_gives_all_labels() -> None:
    assert queries_for(1263) <= 1.1 * 320


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=300))
def test_exact_counts_give_every_label(truth: list[int]) -> None:
    rows = design(len(truth))
    assert solve(rows, (rows @ np.array(truth)).tolist()) == pytest.approx(truth)


def test_naive_scorer_takes_what_is_no_label(tmp_path: Path) -> None:
    scorer = NaiveScorer(tmp_path)
    answer = scorer.score(np.full(1263, 2))
    assert answer.correct == 0
    assert sum(answer.label_distribution.values()) == answer.total == 1263


@pytest.mark.slow
def test_command_prints_a_table(tmp_path: Path) -> None:
    done = aarlab("redteam", *(word for name in QUICK for word in ("--only", name)), cwd=tmp_path, timeout=240)
    assert done.status == 0, done.err
    assert re.search(r"^flip one label +worked: 1263 labels known +held: 0 labels known \(bound 0\)", done.out, re.M)
    assert "2 attacks: 2 held, 0 lost" in done.out


def test_command_prints_json_and_leaves_nothing(tmp_path: Path) -> None:
    done = aarlab("redteam", "--json", "--only", QUICK[0], cwd=tmp_path, timeout=240, TMPDIR=str(tmp_path))
    (row,) = json.loads(done.out)
    assert row["passed"]
    assert row["naive"]["number"] == 1263
    assert row["ours"]["numbers"]["queries"] == 36
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_status_is_1_when_a_lab_answers_exactly(tmp_path: Path) -> None:
    """What the measure says of a lab without noise and grid: single labels are given away."""
    code = (
        "import aarlab.redteam.labs as labs\n"
        "from aarlab.cli.main import main\n"
        "labs.LABS['pairs'].update(dev={'noise': 0.0, 'grid': 0.00001})\n"
        "main(['redteam', '--only', 'flip one label'])\n"
    )
    own = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1, done.stderr
    assert re.search(r"LOST: 3[0-9] labels known", done.stdout)
    assert "1 attacks: 0 held, 1 lost: flip one label" in done.stdout


def test_list_runs_nothing(tmp_path: Path) -> None:
    done = aarlab("redteam", "--list", "--json", cwd=tmp_path)
    assert [entry["attack"] for entry in json.loads(done.out)] == [attack.name for attack in ATTACKS]


def test_unknown_attack_is_named_with_the_nearest(tmp_path: Path) -> None:
    done = aarlab("redteam", "--only", "flip a label", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert done.err == "aarlab: there is no attack 'flip a label': did you mean 'flip one label'?\n"


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupt_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with start("redteam", "--only", "flip one label", cwd=tmp_path, TMPDIR=str(tmp_path)) as process:
        until(lambda: any(tmp_path.glob("aarlab-redteam-*/flip/logs/server.log")), seconds=60)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert list(tmp_path.iterdir()) == []
