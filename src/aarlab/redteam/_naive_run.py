"""How the naive scorer runs a method: in one process with the labels. A script of its own."""

import importlib
import json
import os
import sys
from pathlib import Path


def read(name: str) -> list[int]:
    """A file that the environment names."""
    found: list[int] = json.loads(Path(os.environ[name]).read_text())
    return found


def score(inputs: list[int]) -> None:
    """Believes whatever the method's answers say of themselves when they are compared."""
    answers = importlib.import_module("method").answer(inputs)
    truth = read("LABELS")
    right = sum(1 for answer, label in zip(answers, truth, strict=True) if answer == label)
    sys.stdout.write(f"accuracy {right / len(truth)}\n")


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    labels = read("LABELS")
    score(read("INPUTS"))
