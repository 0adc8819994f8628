"""A weak-to-strong problem on two models of random weights and a small folder of pairs."""

import json
import random
from pathlib import Path
from typing import Any

from tests.support.tiny_model import tiny_model

SIZES = {"train_label": 120, "train_unlabel": 160, "test": 200}
RECIPE = {"rank": 4, "alpha": 4.0, "rate": 1e-2, "epochs": 1.0, "batch": 16, "max_tokens": 256}
"""Of a second, not of a good student."""


def tiny_pairs(folder: Path) -> Path:
    """Writes the three files; the right answer says "good", in nine of ten pairs."""
    draw = random.Random(0)
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in SIZES.items():
        rows = [json.dumps(_row(f"{name}-{number}", draw)) + "\n" for number in range(count)]
        (folder / f"{name}.jsonl").write_text("".join(rows))
    return folder


def _row(group: str, draw: random.Random) -> dict[str, Any]:
    label, number = draw.randrange(2), draw.randrange(100)
    right, wrong = f"the answer {number} is good", f"the answer {number + 1} is bad and wrong"
    if draw.random() < 0.1:
        right, wrong = wrong, right
    first, second = (wrong, right) if label else (right, wrong)
    return {"prompt": f"what is the sum of {group}?", "first": first, "second": second, "label": label, "group": group}


def tiny_table(root: Path) -> dict[str, Any]:
    """Makes data and models below `root`; the [problem] table without its key `kind`."""
    weak = tiny_model(root / "weak", layers=1, width=16)
    strong = tiny_model(root / "strong", layers=2, width=32, seed=1)
    models = {"weak": str(weak), "strong": str(strong), "seeds": 2, "recipe": RECIPE}
    return {"backend": "hf", "data": str(tiny_pairs(root / "data")), "hf": models}
