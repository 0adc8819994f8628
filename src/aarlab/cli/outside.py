"""A method on domains outside of any study: the same bench and rules as in one, with a key of its own."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from aarlab.errors import ResearcherError, UserError
from aarlab.lab.tuning import Bounds
from aarlab.settings import StudyConfig
from aarlab.studyfile import suggest

if TYPE_CHECKING:
    from aarlab.cli.problem import ProgressLine
    from aarlab.lab.transfer import Journey
    from aarlab.lab.vault import Keys
    from aarlab.paths import StudyPaths
    from aarlab.problem.contract import Problem
    from aarlab.sandbox.protocol import Runtime, SandboxBackend
    from aarlab.wire import TransferRow


@dataclass(frozen=True)
class Outside:
    """What is to be run where."""

    name: str
    """As it was asked for."""
    files: Mapping[str, str]
    """The method."""
    targets: Sequence[tuple[StudyConfig, bool]]
    """Settings of each domain, and whether it is that of origin."""
    bounds: Bounds = field(default_factory=dict)
    """Of settings that are known by name."""

    @classmethod
    def of(
        cls, method: str, sets: Sequence[str], *, study: Path | None, origin: str | None, places: Sequence[str]
    ) -> "Outside":
        """Raises UserError on an unknown method or domain, and on a folder that holds no method or no data."""
        from aarlab.lab.transfer import moved

        config = StudyConfig() if study is None else _settings(study)
        if origin in places:
            raise UserError(f"{origin}: is the domain that the method comes from; name another one")
        where = [*([(origin, True)] if origin else []), *((place, False) for place in places)]
        targets = [(moved(config, place, away=False), first) for place, first in where]
        if "/" in method or Path(method).is_dir():
            return cls(method, _folder(method, sets, config), targets)
        return cls(method, _ready_made(method, sets, config), targets, bounds=_bounds())

    def run(self, *, seeds: int | None, answers: int, given: str | None, quiet: bool) -> "list[TransferRow]":
        """Everything, one domain after the other. Nothing is left behind, and the key is never shown."""
        from aarlab.cli.problem import ProgressLine, problem_of

        with ProgressLine(quiet=quiet) as line:
            problems = [problem_of(config, line, source="--to") for config, _ in self.targets]
            with _workshop(problems[0], self.targets[0][0]) as shop:
                asked = [({} if first else {"answers": answers, "given": given}) for _, first in self.targets]
                journeys = [
                    self._journey(problem, config, shop, line, count=seeds or config.verify.seeds, **more)
                    for problem, (config, _), more in zip(problems, self.targets, asked, strict=True)
                ]
                for journey in journeys:
                    journey.check()
                origins = [first for _, first in self.targets]
                return [
                    row
                    for journey, first in zip(journeys, origins, strict=True)
                    for row in _arrive(journey, origin=first, name=self.name, missing=shop.missing)
                ]

    def _journey(
        self, problem: "Problem", config: StudyConfig, shop: "_Workshop", line: "ProgressLine", **asked: Any
    ) -> "Journey":
        from aarlab.lab.office import MOST
        from aarlab.lab.rerun import Bench
        from aarlab.lab.transfer import Journey

        bench = Bench(problem, shop.backend, shop.runtime, config, shop.folder)
        place = problem.card().name.rpartition("/")[2]
        return Journey(
            bench,
            shop.keys,
            self.files,
            bounds=self.bounds,
            uid=lambda slot: shop.paths.uid(3 * MOST + slot),
            tell=lambda done, total, words: line(done, total, f"{place}: {words}"),
            **asked,
        )


@dataclass(frozen=True)
class _Workshop:
    """Where and with what methods are run, for the time of one command."""

    paths: "StudyPaths"
    """Of a folder that holds nothing: sockets and mounts have a place beside those of studies."""
    backend: "SandboxBackend"
    runtime: "Runtime"
    keys: "Keys"
    missing: tuple[str, ...]
    """What the sandbox does not enforce."""

    @property
    def folder(self) -> Path:
        """Of the runs."""
        return self.paths.runtime / f"transfer-{self.paths.runtime.name}" / "runs"


@contextmanager
def _workshop(problem: "Problem", config: StudyConfig) -> Iterator[_Workshop]:
    from aarlab.lab.publish import prepare_runtime, runtime_for
    from aarlab.lab.vault import Keys
    from aarlab.paths import StudyPaths
    from aarlab.sandbox.select import select

    backend = select(config.sandbox.backend)
    runtime = runtime_for(problem, config, progress=lambda _: None)
    with TemporaryDirectory(prefix="aarlab-transfer-") as root:
        paths = StudyPaths(Path(root).resolve())
        prepare_runtime(paths)
        try:
            yield _Workshop(paths, backend, runtime, Keys.fresh(), tuple(sorted(backend.describe().missing)))
        finally:
            shutil.rmtree(paths.runtime)


def _arrive(journey: "Journey", *, origin: bool, name: str, missing: Sequence[str]) -> "Iterator[TransferRow]":
    from aarlab.lab.transfer import Arrived, body
    from aarlab.lab.transfers import row_of

    before: Arrived | None = None
    note = f"sandbox did not enforce {', '.join(missing)}" if missing else ""
    place = journey.bench.problem.card().name.rpartition("/")[2]
    for way in journey.ways():
        arrived = journey.arrive(way, before=before)
        before = before or arrived
        yield row_of(body(journey, arrived, place=place, origin=origin), name=name, submission=None, note=note)


def _settings(study: Path) -> StudyConfig:
    """Of the study in this folder: its problem's, but the data."""
    from aarlab.cli.study import locate
    from aarlab.studyfile import load_study

    return load_study(locate(study).config)


def _folder(method: str, sets: Sequence[str], config: StudyConfig) -> dict[str, str]:
    from aarlab.cli.submit import read_method
    from aarlab.lab.snapshots import check_files

    if sets:
        raise UserError("--set is for ready-made methods; the settings of a folder are in its config.json")
    files = read_method(Path(method).expanduser())
    try:
        check_files(files, limits=config.limits)
    except ResearcherError as error:
        raise UserError(f"{method}: {error}") from None
    return files


def _ready_made(method: str, sets: Sequence[str], config: StudyConfig) -> dict[str, str]:
    from aarlab.cli.methods import assigned
    from aarlab.w2s.methods import ABSENT, METHODS
    from aarlab.w2s.methods import method as named

    if method not in METHODS and method not in ABSENT:
        near = suggest(method, METHODS)
        raise UserError(
            f"{method}: is no verified row (v-...), no method of `aarlab methods` and no folder (./NAME){near}"
        )
    found = named(method)
    if config.problem.kind != "w2s":
        raise UserError(f"{method}: is a weak-to-strong method, and the study's problem is {config.problem.kind!r}")
    changes = {name: values[0] for name, values in (assigned(argument, many=False) for argument in sets)}
    model = config.problem.own().get("backend") == "hf"
    found.check(changes, model=model)
    own = {name: value for name, value in found.settings.items() if not (model and name in found.heads_only)}
    from aarlab.cli.trying import named_files

    return named_files(method, settings={**own, **changes})


def _bounds() -> Bounds:
    from aarlab.w2s.methods.settings import COUNTS, NUMBERS

    return {**NUMBERS, **{name: (float(least), float("inf")) for name, least in COUNTS.items()}}
