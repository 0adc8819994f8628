"""Trains a method inside a sandbox: python -m aarlab.w2s.runner --method DIR --data DIR --out DIR --seeds 0,1,2"""

import argparse
import importlib.util
import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from safetensors.numpy import load_file

from aarlab.errors import AarlabError, ResearcherError
from aarlab.w2s.checks import self_checks
from aarlab.w2s.student import Student
from aarlab.w2s.task import Array, Task
from aarlab.w2s.tuned import AnyStudent, Tuned, read_student

ENTRY = "method.py"
INPUTS = "inputs.safetensors"
"""Inputs of hidden items beside the task; there only where the protocol of the study is "predictions"."""


class Run(Protocol):
    """Trains the method of a folder on the task in `data`, once a seed, and leaves what came of it in `out`."""

    def __call__(self, method: Path, *, data: Path, out: Path, seeds: Sequence[int]) -> None: ...


def main(arguments: Sequence[str] | None = None, *, work: Run | None = None) -> int:
    """Trains one student a seed, by `work` or else `run`. One clear line on stderr and status 1 when that fails."""
    options = _parser().parse_args(arguments)
    try:
        (work or run)(Path(options.method), data=Path(options.data), out=Path(options.out), seeds=_seeds(options.seeds))
    except AarlabError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - stderr is this program's answer
        return 1
    except Exception as error:  # noqa: BLE001 - top of the process: a method may raise anything
        print(f"error: {_one_line(error, options.method)}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def run(method: Path, *, data: Path, out: Path, seeds: Sequence[int]) -> None:
    """Leaves {out}/<seed>/student.safetensors for each seed, and {out}/check.json. Raises what the method raises.

    Where the data have inputs of hidden items, it also leaves the student's answers to them: dev.json and hidden.json.
    """
    train = load_method(method)
    task = Task.load(data)
    inputs = load_file(data / INPUTS) if (data / INPUTS).exists() else {}
    students: dict[int, AnyStudent] = {}
    began = time.monotonic()
    for seed in seeds:
        students[seed] = _checked(train(task, seed=seed), task)
        folder = out / str(seed)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "student.safetensors").write_bytes(students[seed].to_bytes())
        _answer(students[seed], inputs, folder)
    report = self_checks(task, students) | {"seconds_per_seed": round((time.monotonic() - began) / len(seeds), 3)}
    (out / "check.json").write_text(json.dumps(report, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _answer(student: AnyStudent, inputs: Mapping[str, Array], folder: Path) -> None:
    if not inputs or isinstance(student, Tuned):
        return
    for name in ("dev", "hidden"):
        answers = (student.predict(inputs[name]) > 0).astype(int).tolist()
        (folder / f"{name}.json").write_text(json.dumps(answers), encoding="utf-8")


def load_method(folder: Path) -> Callable[..., object]:
    """The function `train` of {folder}/method.py, which may import modules beside it. Raises ResearcherError."""
    path = folder / ENTRY
    spec = importlib.util.spec_from_file_location("method", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ResearcherError(f"{path} is missing: a method is a folder with {ENTRY}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["method"] = module
    sys.path.insert(0, str(folder))
    spec.loader.exec_module(module)
    train: Callable[..., object] | None = getattr(module, "train", None)
    if train is None or not callable(train):
        raise ResearcherError(f"{ENTRY} has no function train(task, *, seed)")
    return train


def _checked(student: object, task: Task) -> AnyStudent:
    """What the lab would accept, so that a mistake shows here and not there."""
    if not isinstance(student, Student | Tuned):
        raise ResearcherError(f"train returned {type(student).__name__}, not an aarlab.w2s.Student")
    data, shapes = student.to_bytes(), task.model.shapes if isinstance(student, Tuned) else {}
    pairs = task.antisymmetric
    return read_student(data, shapes=shapes, max_bytes=len(data), dimension=task.dimension, antisymmetric=pairs)


def _seeds(text: str) -> list[int]:
    try:
        seeds = [int(word) for word in text.split(",")]
    except ValueError:
        raise ResearcherError(f"--seeds must be whole numbers with commas between, not {text!r}") from None
    if min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ResearcherError("--seeds must be different numbers, none below zero")
    return seeds


def _one_line(error: BaseException, folder: str) -> str:
    """The error and the deepest line of the method's own code that led to it."""
    text = " ".join(str(error).split())[:300]
    own = [f for f in traceback.extract_tb(error.__traceback__) if Path(folder).resolve() in Path(f.filename).parents]
    if isinstance(error, SyntaxError):
        place = f" ({Path(error.filename or ENTRY).name} line {error.lineno})"
    else:
        place = f" ({Path(own[-1].filename).name} line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {text}{place}" if text else f"{type(error).__name__}{place}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m aarlab.w2s.runner", description="Trains a method.")
    parser.add_argument("--method", required=True, help=f"folder with {ENTRY}")
    parser.add_argument("--data", default="/data", help="folder with the task")
    parser.add_argument("--out", required=True, help="where students go")
    parser.add_argument("--seeds", default="0", help="for example 0,1,2")
    return parser


if __name__ == "__main__":
    sys.exit(main())
