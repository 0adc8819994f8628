"""Trains a method inside a sandbox; `python -m aarlab.sycophancy.runner` has the options of that of weak-to-strong."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from aarlab.errors import ResearcherError
from aarlab.sycophancy.task import Task
from aarlab.w2s.checks import self_checks
from aarlab.w2s.runner import load_method, main
from aarlab.w2s.student import Student


def run(method: Path, *, data: Path, out: Path, seeds: Sequence[int]) -> None:
    """Leaves {out}/<seed>/student.safetensors for each seed, and {out}/check.json. Raises what the method raises.

    The self-checks are those of weak-to-strong, with the model's answers without an opinion as the teacher.
    """
    train = load_method(method)
    task = Task.load(data)
    students: dict[int, Student] = {}
    for seed in seeds:
        students[seed] = _checked(train(task, seed=seed), task)
        folder = out / str(seed)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "student.safetensors").write_bytes(students[seed].to_bytes())
    report = self_checks(task.as_weak_to_strong(), students)
    (out / "check.json").write_text(json.dumps(report, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _checked(student: object, task: Task) -> Student:
    """What the lab would accept, so that a mistake shows here and not there."""
    if not isinstance(student, Student):
        raise ResearcherError(f"train returned {type(student).__name__}, not an aarlab.w2s.Student")
    return Student.from_bytes(student.to_bytes(), dimension=task.width, antisymmetric=True)


if __name__ == "__main__":
    sys.exit(main(work=run))
