"""Small folders in the published format of a user's own data."""

import json
from pathlib import Path
from typing import Any

from aarlab.problem.files import FILES

Rows = dict[str, list[dict[str, Any]]]


def pairs(count: int = 120) -> Rows:
    """A folder of pairs: two rows a question, the right answer on either side."""
    return {
        split: [
            {
                "prompt": f"{split} question {i // 2}?",
                "first": f"answer {i} of one",
                "second": f"answer {i} of another",
                "label": i % 2,
                "group": f"{split}-{i // 2}",
            }
            for i in range(count)
        ]
        for split in FILES
    }


def solutions(count: int = 120) -> Rows:
    """A folder of solutions: one right and one wrong for each question."""
    return {
        split: [
            {
                "question": f"{split} sum {i // 2}?",
                "choice": f"so it is {i}",
                "label": i % 2,
                "group": f"{split}-{i // 2}",
                "source": "a model",
            }
            for i in range(count)
        ]
        for split in FILES
    }


def write(folder: Path, rows: Rows) -> Path:
    """Writes the three files."""
    folder.mkdir(exist_ok=True)
    for split, items in rows.items():
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    return folder
