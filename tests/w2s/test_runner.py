"""Methods run by the kit alone, in a process of their own, as in a sandbox."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import aarlab
from aarlab.w2s.problem import W2SProblem, W2SSettings
from tests.support.synthetic import synthetic_pool

KEY = b"k" * 32
SOURCE = Path(aarlab.__file__).parent


@cache
def problem() -> W2SProblem:
    return W2SProblem(synthetic_pool(), W2SSettings())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    problem().publish(folder, key=KEY)
    return folder


VANILLA = (
    "from aarlab.w2s.methods import METHODS\ndef train(task, *, seed):\n    return METHODS['vanilla'](task, seed=seed)"
)
ENSEMBLE = """
from helper import target_of
from aarlab.w2s.methods import heads

def train(task, *, seed):
    return heads.resampled(task, target_of(task), seed=seed)
"""


def train(
    folder: Path, code: str, *, data: Path, path: Path = SOURCE.parent, seeds: str = "0,7"
) -> subprocess.CompletedProcess[str]:
    method = folder / "method"
    method.mkdir(exist_ok=True)
    (method / "method.py").write_text(code, encoding="utf-8")
    (method / "helper.py").write_text("def target_of(task):\n    return task.hard\n", encoding="utf-8")
    command = [sys.executable, "-m", "aarlab.w2s.runner", "--method", str(method), "--data", str(data)]
    return subprocess.run(
        [*command, "--out", str(folder / "out"), "--seeds", seeds],
        env={"PYTHONPATH": str(path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_runner_leaves_a_student_a_seed_and_self_checks(tmp_path: Path, data: Path) -> None:
    done = train(tmp_path, ENSEMBLE, data=data)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = ((tmp_path / "out" / seed / "student.safetensors").read_bytes() for seed in ("0", "7"))
    assert first != second
    assert problem().dev([first, second], key=KEY) > 0.6
    checks = json.loads((tmp_path / "out" / "check.json").read_text(encoding="utf-8"))
    assert checks["agreement_with_teacher"] > 0.6
    assert 0.5 < checks["agreement_between_seeds"] < 1
    assert set(checks["fingerprint"]) == {"0", "7"}
    again = train(tmp_path, ENSEMBLE, data=data)
    assert again.returncode == 0
    assert (tmp_path / "out" / "0" / "student.safetensors").read_bytes() == first


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("x = 1", "has no function train"),
        ("def train(task, *, seed):\n    return 3", "train returned int"),
        ("def train(task, *, seed):\n    return 1 / 0", "ZeroDivisionError: division by zero (method.py line 2)"),
        ("def train(task, *, seed:\n", "SyntaxError"),
        ("def train(task, *, seed):\n    task.model.generate(['x'])", "no model to fine-tune, prompt or let write"),
        ("import torch", "No module named 'torch'"),
        (
            "from aarlab.w2s import Student\ndef train(task, *, seed):\n"
            "    return Student.linear(task.hidden[0], bias=1.0)",
            "on pairs the bias must be zero",
        ),
        (
            "from aarlab.w2s import Student\ndef train(task, *, seed):\n    return Student.linear([1.0, 2.0])",
            "heads must have 48 numbers",
        ),
    ],
)
def test_a_faulty_method_gets_one_clear_line(tmp_path: Path, data: Path, code: str, line: str) -> None:
    done = train(tmp_path, code, data=data)
    assert done.returncode == 1
    assert line in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("seeds", ["1,1", "x", "-1", ""])
def test_bad_seeds_get_one_clear_line(tmp_path: Path, seeds: str) -> None:
    done = train(tmp_path, VANILLA, data=tmp_path, seeds=seeds)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_every_module_of_the_kit_stands_on_the_kit_alone(tmp_path: Path, data: Path) -> None:
    """Copies the kit as a sandbox has it, and trains with it: no domains, no splits, no scorer."""
    names = problem().kit()
    assert not [name for name in names if any(part in name for part in ("domains", "problem", "splits", "world"))]
    for name in names:
        source, target = SOURCE / name, tmp_path / "site" / "aarlab" / name
        files = source.rglob("*.py") if source.is_dir() else [source]
        for file in files:
            copy = target / file.relative_to(source) if source.is_dir() else target
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    done = train(tmp_path, VANILLA, data=data, path=tmp_path / "site")
    assert done.returncode == 0, done.stderr
