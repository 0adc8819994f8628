"""The form that launches a study: a few settings, their defaults and what each is for, from the settings' models."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from aarlab.cli.scaffold import study_text
from aarlab.problem.registry import settings_of
from aarlab.settings import StudyConfig
from aarlab.studyfile import allowed_values, build_config, parse_study, parse_value

FORM = "the form"
FIELDS = (
    "study.name",
    "problem.domain",
    "study.researchers",
    "study.directions",
    "minds.kind",
    "minds.model",
    "budget.minutes",
    "budget.dollars",
    "budget.experiments",
    "budget.dev_answers",
    "budget.verifications",
)
"""Those that the form has; a study file has all."""
CHOICES = {"problem.domain": ("chat", "math", "code"), "study.directions": ("diverse", "same")}
"""Where the model of the settings allows more than a form should offer."""


@dataclass(frozen=True)
class Field:
    """One field of the form."""

    key: str
    """table.field: what it is called in the form."""
    name: str
    """In its table of the study file."""
    label: str
    """The same in words."""
    help: str
    """What it is for, from the documentation of the setting."""
    value: str
    """What it holds."""
    choices: tuple[str, ...]
    """What it may hold; none = text or a number."""
    number: bool
    """Whether it is a number."""
    allowed: str
    """What it may hold, in words."""


def fields(values: Mapping[str, str]) -> dict[str, list[Field]]:
    """The form by table of the study file, filled with `values` where it has any and with defaults elsewhere."""
    found: dict[str, list[Field]] = {}
    for key in FIELDS:
        found.setdefault(key.partition(".")[0], []).append(_field(key, values))
    return found


def config_of_form(values: Mapping[str, str]) -> StudyConfig:
    """What a filled form means. Raises UserError with the field and what is allowed."""
    raw: dict[str, dict[str, Any]] = {}
    for table, own in fields(values).items():
        filled = {field.name: field for field in own if field.value.strip()}
        raw[table] = {name: _value(field) for name, field in filled.items()}
    return build_config(raw, source=FORM)


def config_of_text(text: str, *, source: str) -> StudyConfig:
    """What a study file means; paths in it are meant from where the dashboard was started. Raises UserError."""
    return parse_study(text, base=Path.cwd(), source=source)


@lru_cache(maxsize=1)
def default_text() -> str:
    """A study file with every setting, its default and what it is for."""
    return study_text(StudyConfig())


def _value(field: Field) -> Any:
    text = field.value.strip()
    return parse_value(text) if field.number else text


def _field(key: str, values: Mapping[str, str]) -> Field:
    table, name = key.split(".")
    model = _model(table, name)
    info = model.model_fields[name]
    default = info.get_default(call_default_factory=True)
    literal = get_args(info.annotation) if get_origin(info.annotation) is not None else ()
    return Field(
        key=key,
        name=name,
        label=name.replace("_", " "),
        help=(info.description or "").replace("\n", " "),
        value=values.get(key, f"{default:g}" if isinstance(default, int | float) else str(default)),
        choices=CHOICES.get(key) or tuple(one for one in literal if isinstance(one, str)),
        number=isinstance(default, int | float),
        allowed=allowed_values(model, name),
    )


def _model(table: str, field: str) -> type[BaseModel]:
    """The model of a table's settings; further fields of [problem] are those of the default kind."""
    own = type(getattr(StudyConfig(), table))
    return own if field in own.model_fields else settings_of(StudyConfig().problem.kind)
