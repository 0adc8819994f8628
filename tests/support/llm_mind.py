"""Studies whose one researcher is a scripted language model, and what it is made to do."""

import json
import re
from pathlib import Path
from typing import Any

from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from tests.support.fleet import settings
from tests.support.lab import GOOD
from tests.support.llm_server import Calls, Reply, Request, Says, Step

TOY: dict[str, dict[str, Any]] = {
    "problem": {"kind": "tests.support.toy:Toy"},
    "sandbox": {"memory_mb": 256, "disk_mb": 16},
    "minds": {"kind": "llm", "model": "openai-chat/scripted"},
    "price": {"model_input": 1.0, "model_output": 1.0},
    "budget": {"dollars": 5.0},
    "watchdog": {"provider_minutes": 0.0, "repeats": 1000},
}
"""A study that a local server drives, at a dollar for a million tokens."""
ENDS = (Says("I have nothing more to do."),) * 3
"""Sessions without any tool: the researcher ends."""


def toy(**tables: dict[str, Any]) -> StudyConfig:
    """TOY with changes."""
    return settings(**{name: {**TOY.get(name, {}), **tables.get(name, {})} for name in {**TOY, **tables}})


class Ids:
    """Remembers the ids that the tools have answered."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def learn(self, request: Request) -> dict[str, str]:
        """Ids by kind: "snapshot", "proposal", "submission", "finding"."""
        for text in request.results:
            for kind, name in re.findall(r"(snapshot|proposal|submission|finding) ([a-z]*-?[0-9a-f]{10,64})", text):
                self.seen[kind] = name
        return self.seen


def write(code: str = GOOD, *, folder: str = "methods/a") -> tuple[str, dict[str, Any]]:
    """The call that writes a method."""
    return "edit", {"path": f"{folder}/method.py", "new": code}


def freeze(folder: str = "methods/a") -> tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]:
    """The calls that freeze it and its description."""
    snapshot = ("snapshot", {"folder": folder, "message": "a method"})
    return snapshot, ("propose", {"title": "a plan", "text": "because"})


def verified(ids: Ids) -> tuple[Step, ...]:
    """From a method in the workspace to a verified row and a finding."""

    def hand_in(tool: str) -> Step:
        def step(request: Request) -> Reply:
            known = ids.learn(request)
            return Calls((tool, {"proposal": known["proposal"], "snapshot": known["snapshot"]}))

        return step

    def post(request: Request) -> Reply:
        submission = ids.learn(request)["submission"]
        return Calls(("post", {"kind": "result", "title": "it works", "text": "see", "submission": submission}))

    return Calls(*freeze()), hand_in("submit_dev"), hand_in("submit_verify"), post


def transcript(paths: StudyPaths, name: str = "r1") -> list[dict[str, Any]]:
    """Its entries."""
    return [json.loads(line) for line in (paths.transcripts / f"{name}.jsonl").read_text().splitlines()]


def files_with(text: str, folder: Path) -> list[Path]:
    """Files below a folder that hold a text."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
