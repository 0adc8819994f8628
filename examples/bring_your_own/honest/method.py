"""Weighs each cue by what it tells of the truth: the difference of its means over true and false claims."""

import json
from pathlib import Path
from statistics import mean


def train(data: Path, seed: int) -> list[float]:
    found = json.loads((data / "prompts.json").read_text())
    yes, no = (
        [c for c, true in zip(found["cues"], found["true"], strict=True) if true is side] for side in (True, False)
    )
    return [*(mean(a) - mean(b) for a, b in zip(zip(*yes, strict=True), zip(*no, strict=True), strict=True)), 0.0]
