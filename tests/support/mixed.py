"""Studies of different minds: several scripted models behind one server, and the commands that steer them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tomlkit

from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from tests.support.cli import Ended, aarlab
from tests.support.llm_mind import TOY
from tests.support.llm_server import LlmServer, Reply, Request, Says, Step

ENOUGH = Says("I have nothing more to do.")


def by_model(**scripts: Iterable[Step]) -> Step:
    """Answers each model from a script of its own; where that is at its end, the model has nothing more to do."""
    left: dict[str, Iterator[Step]] = {name: iter(steps) for name, steps in scripts.items()}

    def answer(request: Request) -> Reply:
        step = next(left[request.body["model"]], ENOUGH)
        return step(request) if callable(step) else step

    return answer


def asked(server: LlmServer, model: str) -> list[Request]:
    """What that model was asked."""
    return [request for request in list(server.requests) if request.body["model"] == model]


def study_file(folder: Path, *fleet: dict[str, Any], **tables: dict[str, Any]) -> Path:
    """folder/mixed.toml: TOY with changes and a [[researcher]] table for each of `fleet`."""
    base: dict[str, dict[str, Any]] = {**TOY, "verify": {"seeds": 2, "answer_every": 0.0}, "study": {"seed": 3}}
    base["budget"] = {"dollars": 5.0, "minutes": 30.0}
    whole: dict[str, Any] = {name: {**base.get(name, {}), **tables.get(name, {})} for name in {**base, **tables}}
    path = folder / "mixed.toml"
    path.write_text(tomlkit.dumps(whole | {"researcher": list(fleet)}))
    return path


class Steered:
    """One study that commands are about."""

    def __init__(self, folder: Path, name: str = "s", **environment: str) -> None:
        """In folder/studies/name."""
        self._folder, self._environment = folder, environment
        self.paths = StudyPaths((folder / "studies" / name).resolve())

    def __call__(self, *words: str) -> Ended:
        """`aarlab WORDS --study`."""
        return aarlab(*words, "--study", self.paths.root, cwd=self._folder, **self._environment)

    def data(self, *words: str) -> dict[str, Any]:
        """What it prints as JSON."""
        done = self(*words, "--json")
        assert done.status == 0, done
        found: dict[str, Any] = json.loads(done.out)
        return found

    @property
    def state(self) -> State:
        """As the ledger has it."""
        return State.of(read_events(self.paths.database))

    def log(self, name: str) -> str:
        """What a researcher's process has written."""
        path = self.paths.logs / f"{name}.log"
        return path.read_text() if path.exists() else ""
