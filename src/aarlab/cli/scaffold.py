"""What `aarlab init` writes: a study file with everything explained, and sums with right and wrong answers as data."""

import json
import random
from pathlib import Path

from aarlab.problem.registry import settings_of
from aarlab.settings import StudyConfig
from aarlab.studyfile import build_config, dump_study

ROWS = {"train_label": 120, "train_unlabel": 240, "test": 240}
README = """\
# Data for aarlab

Three files, one JSON object a line. The rows here are made up: replace them with your own.

    {"prompt": "...", "first": "...", "second": "...", "label": 0}      a pair: 0 = first is right, 1 = second is
    {"question": "...", "choice": "...", "label": 1}                     a solution: 1 = right, 0 = wrong

- `train_label.jsonl` trains the weak teacher, `train_unlabel.jsonl` the student, `test.jsonl` is held out.
- Every line needs a label; researchers never see one. Those of train_unlabel are for the ceiling.
- `group` (optional) keeps all rows of one question on one side of every split.

Check with `aarlab check study.toml`, run with `aarlab run study.toml`.
"""


def study_text(config: StudyConfig) -> str:
    """TOML of all settings, those of the problem's kind included, each documented."""
    return dump_study(config, problem=settings_of(config.problem.kind))


def problem_files(folder: Path) -> dict[Path, str]:
    """Path -> text of the scaffold."""
    draw = random.Random(0)
    files = {folder / f"{name}.jsonl": _rows(name, count, draw) for name, count in ROWS.items()}
    tables = {"study": {"name": folder.resolve().name}, "problem": {"data": "."}}
    study = study_text(build_config(tables, source=str(folder)))
    return {folder / "README.md": README, **files, folder / "study.toml": study}


def _rows(split: str, count: int, draw: random.Random) -> str:
    return "".join(json.dumps(_row(f"{split}-{number}", draw)) + "\n" for number in range(count))


def _row(group: str, draw: random.Random) -> dict[str, str | int]:
    one, other = draw.sample(range(100, 1000), 2)
    right, wrong = one + other, one + other + draw.choice([-10, -1, 1, 10])
    label = draw.randrange(2)
    answers = [f"{one} + {other} = {answer}, so the sum is {answer}." for answer in (right, wrong)]
    first, second = reversed(answers) if label else answers
    prompt = f"[{group}] What is {one} + {other}?"
    return {"prompt": prompt, "first": first, "second": second, "label": label, "group": group}
