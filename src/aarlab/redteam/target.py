"""The range: real labs of this installation on small problems, and the doors through which attacks come."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aarlab.api.client import Door, Operator
from aarlab.fleet.engine.local import LocalEngine
from aarlab.fleet.housing import backend_of, house
from aarlab.fleet.server import LabServer
from aarlab.fleet.study import create_study
from aarlab.paths import StudyPaths, cache_folder
from aarlab.problem import registry
from aarlab.problem.contract import Problem
from aarlab.problem.protocols import under_protocol
from aarlab.sandbox.protocol import Sandbox
from aarlab.studyfile import build_config
from aarlab.wire import ResearcherRequest


class Target:
    """One running lab. The attacker has a door and a sandbox; the rest is for measuring what it gained."""

    def __init__(self, folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Starts a study with these settings. Raises OperatorError when this host cannot."""
        self.config = build_config(settings, source="redteam")
        self.paths: StudyPaths = create_study(self.config, folder=folder)
        self.paths.logs.mkdir(exist_ok=True)
        self._stack = ExitStack()
        server = LabServer(self.paths, LocalEngine(), restarts=0)
        self._stack.callback(server.stop)
        try:
            server.start(stop=lambda: False)
        except BaseException:
            self._stack.close()
            raise
        self.operator = self._stack.enter_context(Operator(self.paths.operator_socket))
        self._doors: dict[str, Door] = {}
        self._sandboxes: dict[str, Sandbox] = {}

    def close(self) -> None:
        """Ends the lab and what lives in it."""
        self._stack.close()

    def door(self, name: str) -> Door:
        """A researcher's door; the researcher is admitted when it is new."""
        if name not in self._doors:
            self.operator.admit(ResearcherRequest(name=name, mind="search", direction="red team"))
            door = Door(self.paths.socket_folder(name) / "lab.sock")
            self._doors[name] = self._stack.enter_context(door)
        return self._doors[name]

    def sandbox(self, name: str) -> Sandbox:
        """A researcher's one sandbox, started; it is closed with the lab."""
        if name not in self._sandboxes:
            self.door(name)
            index = [entry.name for entry in self.operator.state().researchers].index(name)
            own = house(backend_of(self.config.sandbox), self.paths, self.config.sandbox, name=name, index=index)
            self._sandboxes[name] = self._stack.enter_context(own)
        return self._sandboxes[name]

    def problem(self) -> Problem:
        """The lab's side of the problem, with all labels: for measuring, never for an attack."""
        table = self.config.problem
        return under_protocol(registry.load(table.kind, table.own(), cache=cache_folder()), self.config)


class Range:
    """The labs that attacks need, by name, each started when it is first asked for."""

    def __init__(self, folder: Path, settings: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """`folder` is empty and is the caller's to remove; `settings` are those of each lab."""
        self._folder = folder
        self._settings = settings
        self._targets: dict[str, Target] = {}

    def lab(self, name: str) -> Target:
        """The lab of that name, the same for all attacks."""
        if name not in self._targets:
            self._targets[name] = Target(self._folder / name, self._settings[name])
        return self._targets[name]

    def fresh(self, name: str, *, called: str) -> Target:
        """Another lab with the settings of `name`, for an attack that uses up budgets or breaks things."""
        if called not in self._targets:
            self._targets[called] = Target(self._folder / called, self._settings[name])
        return self._targets[called]

    def end(self, name: str) -> None:
        """Ends a lab that is not needed any more."""
        self._targets.pop(name).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for target in self._targets.values():
            target.close()
