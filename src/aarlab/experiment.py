"""Study files with arms: the organisation of research as an experiment, one study for each arm and repeat.

[arms.NAME] has the settings in which an arm differs (`study.forum = "off"`); [experiment] how often each is repeated
and what all of it may spend. Repeat k of every arm has the same seed, so that arms can be compared pair by pair.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from aarlab.errors import UserError
from aarlab.settings import Model, StudyConfig
from aarlab.studyfile import FLEET, apply_sets, build_config, config_from_sets, read_toml, resolve_paths, validate_table

ARMS, EXPERIMENT = "arms", "experiment"
"""The two tables that make a study file an experiment."""
MOST_RUNS = 512
"""Studies of one experiment."""
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,23}$")
_REPEAT_DIGITS = 4


class ExperimentSettings(Model):
    """[experiment]"""

    repeats: int = Field(3, ge=1, le=64)
    """Studies of each arm. Differences between arms are told from luck by repeats alone: three tell large ones only."""
    seed: int | None = Field(None, ge=0)
    """study.seed of the first repeat, the next numbers those of the others; None = drawn when the experiment begins."""
    hours: float | None = Field(None, gt=0)
    """Researcher-hours of all studies together, divided equally among them: a study of nine is a third as long as one
    of three. None = each has its budget.minutes."""
    dollars: float | None = Field(None, gt=0)
    """Cap over all studies together, divided equally among them; None = each has its budget.dollars."""
    parallel: int | None = Field(None, ge=1, le=64)
    """Studies at the same time; None = as many as this host has cores for."""
    transfer: tuple[str, ...] = ()
    """Other domains on which the first-ranked method of each study is run when it is finished (`aarlab transfer`)."""


@dataclass(frozen=True)
class Run:
    """One study of an experiment."""

    arm: str
    """Name of its arm."""
    repeat: int
    """1, 2, ..."""
    config: StudyConfig
    """All of its settings."""

    @property
    def name(self) -> str:
        """Of its folder within that of the experiment."""
        return f"{self.arm}-{self.repeat}"


@dataclass(frozen=True)
class Experiment:
    """An experiment as its file has it."""

    name: str
    """study.name: of its folder."""
    settings: ExperimentSettings
    """[experiment]"""
    arms: Mapping[str, Mapping[str, Any]]
    """Name -> the tables in which it differs, as written."""
    configs: Mapping[str, StudyConfig]
    """Name -> all settings of its studies but study.name and study.seed."""

    @property
    def count(self) -> int:
        """Number of studies."""
        return len(self.configs) * self.settings.repeats

    def runs(self, *, seed: int) -> list[Run]:
        """All studies, repeat after repeat, so that what is there at any time is balanced."""
        repeats = range(1, self.settings.repeats + 1)
        return [
            Run(arm, repeat, _named(config, f"{self.name}.{arm}-{repeat}", seed=seed + repeat - 1))
            for repeat in repeats
            for arm, config in self.configs.items()
        ]


def has_arms(path: Path) -> bool:
    """Whether a study file is an experiment. Raises UserError when it cannot be read."""
    raw = read_toml(path)
    if EXPERIMENT in raw and ARMS not in raw:
        raise UserError(
            f"{path}: [{EXPERIMENT}] is for a file with arms: add tables like [{ARMS}.one], or leave it out"
        )
    return ARMS in raw


def load_experiment(path: Path, *, sets: Sequence[str] = ()) -> Experiment:
    """The experiment in a study file; `--set` arguments change the settings that all arms share. Raises UserError."""
    config_from_sets(sets)  # so that an error of theirs is not blamed on the file
    raw = read_toml(path)
    arms, plain = raw.pop(ARMS), raw.pop(EXPERIMENT, {})
    if not isinstance(arms, Mapping) or not arms or not all(isinstance(one, Mapping) for one in arms.values()):
        raise UserError(f"{path}: {ARMS} must be tables, as in [{ARMS}.one]")
    if not isinstance(plain, Mapping):
        raise UserError(f"{path}: {EXPERIMENT} must be a table, as in [{EXPERIMENT}]")
    settings = validate_table(ExperimentSettings, plain, source=str(path), table=EXPERIMENT)
    base = apply_sets(resolve_paths(raw, base=path.absolute().parent), sets)
    shared = build_config(base, source=str(path))
    count = len(arms) * settings.repeats
    if count > MOST_RUNS:
        raise UserError(
            f"{path}: {len(arms)} arms and {settings.repeats} repeats make {count} studies, over {MOST_RUNS}"
        )
    configs = {name: _arm(name, arms[name], base, settings, count=count, path=path) for name in arms}
    _distinct(configs, path=path)
    return Experiment(shared.study.name, settings, arms, configs)


def _arm(
    name: str,
    own: Mapping[str, Any],
    base: Mapping[str, Any],
    settings: ExperimentSettings,
    *,
    count: int,
    path: Path,
) -> StudyConfig:
    source = f"{path}: {ARMS}.{name}"
    if not _NAME.match(name):
        raise UserError(f"{source}: the name of an arm has up to 24 small letters, digits and hyphens")
    config = build_config(_merged(base, resolve_paths(own, base=path.absolute().parent)), source=source)
    _reserved(config, settings, source=source)
    return _budgeted(config, settings, count=count)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The shared tables with an arm's fields over them; its [[researcher]] tables replace those of the file."""
    merged = dict(base)
    for table, content in own.items():
        shared = base.get(table)
        both = isinstance(content, Mapping) and isinstance(shared, Mapping) and table != FLEET
        merged[table] = {**shared, **content} if both and shared is not None else content
    return merged


def _reserved(config: StudyConfig, settings: ExperimentSettings, *, source: str) -> None:
    """Raises UserError for what [experiment] sets, if a study sets it, too."""
    taken = [("study.seed", config.study.seed is not None, "seed")]
    taken += [("budget.minutes", "minutes" in config.budget.model_fields_set and settings.hours is not None, "hours")]
    taken += [
        ("budget.dollars", "dollars" in config.budget.model_fields_set and settings.dollars is not None, "dollars")
    ]
    for field, both, ours in taken:
        if both:
            raise UserError(f"{source}: {field} follows from {EXPERIMENT}.{ours}; leave one of them out")


def _budgeted(config: StudyConfig, settings: ExperimentSettings, *, count: int) -> StudyConfig:
    budget = config.budget
    if settings.hours is not None:
        minutes = settings.hours * 60 / count / config.study.researchers
        budget = budget.model_copy(update={"minutes": minutes})
    if settings.dollars is not None:
        budget = budget.model_copy(update={"dollars": settings.dollars / count})
    return config.model_copy(update={"budget": budget})


def _named(config: StudyConfig, name: str, *, seed: int) -> StudyConfig:
    study = config.study.model_copy(update={"name": name, "seed": seed})
    return config.model_copy(update={"study": study})


def _distinct(configs: Mapping[str, StudyConfig], *, path: Path) -> None:
    """Raises UserError for arms that are the same, and for a name that is too long with an arm's behind it."""
    seen: dict[str, str] = {}
    for name, config in configs.items():
        text = config.model_dump_json()
        if text in seen:
            raise UserError(f"{path}: {ARMS}.{name} has the same settings as {ARMS}.{seen[text]}: nothing to compare")
        seen[text] = name
        if len(config.study.name) + len(name) + _REPEAT_DIGITS > 64:
            raise UserError(f"{path}: study.name is too long to have {name!r} and a number behind it")
