"""Study files: TOML in, settings out, and back, with errors of one line that name the field and what is allowed."""

import difflib
import json
import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.items import Table

from aarlab.errors import UserError
from aarlab.paths import absolute, absolute_model
from aarlab.settings import MindSettings, ResearcherSettings, StudyConfig

M = TypeVar("M", bound=BaseModel)
SHORTHANDS = {"minds": "kind", "problem": "kind", "sandbox": "backend", "tracking": "tracker"}
"""`minds=search` means minds.kind=search."""
PATH_FIELDS = {"problem": ("data",), "study": ("papers",)}
"""Fields that hold a path, or a list of them; a relative one is meant from where it was written."""
FLEET = "researcher"
"""The one table of which there may be several."""
TABLES = tuple(name for name in StudyConfig.model_fields if name != FLEET)
MOST = 128
"""Researchers of a study."""
_HEADER = "Settings of one aarlab study. Every field shows its default or the value in force; all may be left out."


def suggest(word: str, known: Iterable[str]) -> str:
    """' (did you mean "x"?)', or the empty string when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{near[0]}"?)' if near else ""


# ---- reading ------------------------------------------------------------------------------------------------


def load_study(path: Path, *, sets: Sequence[str] = ()) -> StudyConfig:
    """The settings in a study file, with `--set` arguments on top.

    A relative problem.data in the file is meant from the file's folder, one in `sets` from the current folder.
    Raises UserError naming file, field and what is allowed.
    """
    config_from_sets(sets)  # so that an error of theirs is not blamed on the file
    raw = resolve_paths(read_toml(path), base=path.absolute().parent)
    return build_config(apply_sets(raw, sets), source=str(path))


def parse_study(text: str, *, base: Path, source: str) -> StudyConfig:
    """The settings in the text of a study file; relative paths in it are meant from `base`. Raises UserError."""
    return build_config(resolve_paths(_parse_toml(text, source=source), base=base), source=source)


def config_from_sets(sets: Sequence[str]) -> StudyConfig:
    """The default settings with `--set` arguments on top. Raises UserError."""
    return build_config(apply_sets({}, sets), source="--set")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, not validated. Raises UserError when it cannot be read or is not TOML."""
    try:
        return _parse_toml(path.read_bytes().decode("utf-8"), source=str(path))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such study file; `aarlab init study` writes one") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text; a study file is TOML") from None


def _parse_toml(text: str, *, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source}: is not valid TOML: {error}") from None
    except RecursionError:
        raise UserError(f"{source}: is not a study file: nested too deeply") from None


def build_config(raw: Mapping[str, Any], *, source: str) -> StudyConfig:
    """Validates plain tables. `source` begins the error's line. Raises UserError."""
    plain = {table: content for table, content in raw.items() if table != FLEET}
    tables = {table: _build_table(table, content, source=source) for table, content in plain.items()}
    own = _build_fleet(raw, source=source) if FLEET in raw else ()
    if not own:
        return StudyConfig(**tables)
    tables[FLEET] = own
    if (size := sum(one.count for one in own)) > MOST:
        raise UserError(f"{source}: the [[{FLEET}]] tables make {size} researchers; a study has at most {MOST}")
    study = tables.get("study", StudyConfig().study)
    if study.researchers != size and "researchers" in study.model_fields_set:
        raise UserError(
            f"{source}: study.researchers = {study.researchers}, but the [[{FLEET}]] tables make {size}; leave it out"
        )
    tables["study"] = study.model_copy(update={"researchers": size})
    return _distinct(StudyConfig(**tables), source=source)


def _build_fleet(raw: Mapping[str, Any], *, source: str) -> tuple[ResearcherSettings, ...]:
    """The [[researcher]] tables; what they say of minds is checked together with [minds]."""
    if not isinstance(raw[FLEET], Sequence) or not all(isinstance(one, Mapping) for one in raw[FLEET]):
        raise UserError(f"{source}: {FLEET} must be a list of tables, as in [[{FLEET}]]")
    found = []
    for number, content in enumerate(raw[FLEET], 1):
        where = f"{source}: {FLEET} {number}"
        own = validate_table(ResearcherSettings, content, source=where, table=FLEET)
        validate_table(MindSettings, {**raw.get("minds", {}), **own.minds}, source=where, table="minds")
        found.append(own)
    return tuple(found)


def _distinct(config: StudyConfig, *, source: str) -> StudyConfig:
    (name, times), *_ = Counter(name for name, _ in config.places).most_common(1)
    if times > 1:
        raise UserError(f"{source}: {times} researchers would be called {name!r}; give them other names")
    return config


def _build_table(table: str, content: Any, *, source: str) -> Any:
    if table not in TABLES:
        hint = suggest(table, TABLES) or f"; there are {', '.join(StudyConfig.model_fields)}"
        raise UserError(f"{source}: unknown table [{table}]{hint}")
    if not isinstance(content, Mapping):
        raise UserError(f"{source}: {table} must be a table, as in [{table}]")
    return validate_table(_table_model(table), content, source=source, table=table)


def validate_table(model: type[M], content: Mapping[str, Any], *, source: str, table: str) -> M:
    """Validates one table strictly (no "9" for 9). Raises UserError: one line with the field and what is allowed."""
    for field, value in content.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{source}: {table}.{field} must be a finite number, not {value}")
    try:
        return model.model_validate(_tuples(content), strict=True)
    except ValidationError as error:
        raise UserError(f"{source}: {_fault(error, model, table)}") from None


def resolve_paths(raw: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
    """The tables with relative paths meant from the folder `base`."""
    resolved = dict(raw)
    for table, fields in PATH_FIELDS.items():
        content = raw.get(table)
        if isinstance(content, Mapping):
            paths = {key: absolute(content[key], base) for key in fields if key in content}
            resolved[table] = {**content, **paths}
            if isinstance(models := content.get("hf"), Mapping):
                resolved[table]["hf"] = {key: absolute_model(value, base) for key, value in models.items()}
    if isinstance(raw.get(FLEET), list):
        resolved[FLEET] = [resolve_paths(one, base=base) if isinstance(one, Mapping) else one for one in raw[FLEET]]
    return resolved


def _tuples(value: Any) -> Any:
    """Arrays as tuples, which is how the frozen settings hold them."""
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


# ---- --set --------------------------------------------------------------------------------------------------


def apply_sets(raw: Mapping[str, Any], sets: Sequence[str]) -> dict[str, Any]:
    """A copy of the tables with each `table.field=value` applied in order. Raises UserError on what has no place."""
    tables = {name: dict(content) if isinstance(content, Mapping) else content for name, content in raw.items()}
    for argument in sets:
        table, field, text = _parse_set(argument)
        is_path = field in PATH_FIELDS.get(table, ())
        value = absolute(_paths(text), Path.cwd()) if is_path else parse_value(text)
        content = tables.setdefault(table, {})
        *above, last = field.split(".")
        for name in above if isinstance(content, dict) else ():
            content[name] = content = dict(content.get(name) or {})
        if isinstance(content, dict):
            content[last] = absolute_model(value, Path.cwd()) if above == ["hf"] else value
    return tables


def _paths(text: str) -> Any:
    """A path as it is written, or a TOML list of them."""
    return parse_value(text) if text.startswith("[") else text.strip("\"'")


def changed_minds(settings: MindSettings, sets: Sequence[str]) -> MindSettings:
    """`settings` with `--set minds.field=value` arguments on top; a prompt's path from here. Raises UserError."""
    raw = apply_sets({"minds": settings.model_dump()}, sets)
    if others := [table for table in raw if table != "minds"]:
        raise UserError(f"--set {others[0]}: only fields of [minds] can be other ones for one researcher")
    found = validate_table(MindSettings, raw["minds"], source="--set", table="minds")
    if found.prompt == settings.prompt or found.prompt.isidentifier():
        return found
    return found.model_copy(update={"prompt": str(Path(found.prompt).absolute())})


def _parse_set(argument: str) -> tuple[str, str, str]:
    name, equals, text = argument.partition("=")
    table, dot, field = name.strip().partition(".")
    if not equals or not table:
        raise UserError(f"--set {argument}: write it as table.field=value, for example study.researchers=9")
    if table == FLEET:
        raise UserError(f"--set {argument}: [[{FLEET}]] tables are written in a study file")
    if table not in TABLES:
        raise UserError(f"--set {argument}: unknown table {table!r}{_suggest_name(name.strip(), table)}")
    if not dot and table not in SHORTHANDS:
        raise UserError(f"--set {argument}: name a field of [{table}]: {', '.join(_fields(table))}")
    field = field or SHORTHANDS[table]
    if field not in _fields(table) and not _is_open(table):
        raise UserError(f"--set {argument}: unknown field {table}.{field}{_suggest_name(field, field, table)}")
    return table, field, text.strip()


def parse_value(text: str) -> Any:
    """A TOML value, and where it is none (a path, a bare word) the text itself."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _suggest_name(name: str, last: str, table: str | None = None) -> str:
    if table is not None:
        return suggest(name, _fields(table)) or f"; there are {', '.join(_fields(table))}"
    everything = [f"{table}.{field}" for table in TABLES for field in _fields(table)]
    return suggest(last, TABLES) or suggest(name, everything) or _by_field(last)


def _by_field(word: str) -> str:
    """For `researchers=9`: the table that was left out."""
    homes = [f"{table}.{word}" for table in TABLES if word in _fields(table)]
    return f' (did you mean "{homes[0]}"?)' if homes else f"; there are {', '.join(TABLES)}"


def _table_model(table: str) -> type[BaseModel]:
    annotation = StudyConfig.model_fields[table].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, BaseModel)
    return annotation


def _fields(table: str) -> Sequence[str]:
    return list(_table_model(table).model_fields)


def _is_open(table: str) -> bool:
    return _table_model(table).model_config.get("extra") == "allow"


# ---- what is allowed ----------------------------------------------------------------------------------------


def _fault(error: ValidationError, model: type[BaseModel], table: str) -> str:
    first = error.errors(include_url=False)[0]
    place = first["loc"]
    if len(place) > 2 and (row := row_model(model, str(place[0]))) is not None:
        model, table, place = row, f"{table}.{place[0]}", place[2:]
    while len(place) > 1 and (inner := _table_inside(model, str(place[0]))) is not None:
        model, table, place = inner, f"{table}.{place[0]}", place[1:]
    field = str(place[0]) if place else ""
    if first["type"] == "extra_forbidden":
        hint = suggest(field, model.model_fields) or f"; there are {', '.join(model.model_fields)}"
        return f"unknown field {table}.{field}{hint}"
    if first["type"] == "missing":
        return f"{table}.{field} is missing; it must be {allowed_values(model, field)}"
    if field not in model.model_fields:
        return f"{table}: {str(first['msg']).removeprefix('Value error, ')}"
    return f"{table}.{field} must be {allowed_values(model, field)}, not {_shown(first['input'])}"


def _table_inside(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    found = model.model_fields[field].annotation if field in model.model_fields else None
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def row_model(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    """What one table is, where a field holds a list of tables."""
    inner = get_args(model.model_fields[field].annotation) if field in model.model_fields else ()
    return inner[0] if inner and isinstance(inner[0], type) and issubclass(inner[0], BaseModel) else None


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def allowed_values(model: type[BaseModel], field: str) -> str:
    """What a field may hold, in words: "a whole number from 1 to 128"."""
    return _allowed(model.model_json_schema()["properties"][field])


def _allowed(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_allowed(choice) for choice in schema["anyOf"] if choice.get("type") != "null")
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " or ".join(f'"{value}"' for value in schema["enum"])
    if schema.get("format") == "date":
        return "a day, as 2026-11-24"
    if "$ref" in schema.get("items", {}):
        return "a list of tables"
    return _ALLOWED[schema.get("type", "string")] + _bounds(schema)


_ALLOWED = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list of texts",
    "object": "a table",
    "string": "text",
}

_BOUNDS = {"minimum": "of at least", "exclusiveMinimum": "above", "maximum": "of at most", "exclusiveMaximum": "below"}


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    found = [f"{text} {schema[name]:g}" for name, text in _BOUNDS.items() if name in schema]
    if "pattern" in schema:
        found.append(f"like {schema['pattern']}")
    return "".join(f" {part}" for part in [" and ".join(found)] if part)


# ---- writing ------------------------------------------------------------------------------------------------


def dump_study(config: StudyConfig, *, problem: type[BaseModel] | None = None) -> str:
    """TOML of all settings, each under its documentation; load_study gives the same settings back.

    `problem` is the settings model of the problem's kind, for the documentation and defaults of its own fields.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEADER))
    for name in TABLES:
        table = tomlkit.table()
        table.comment(StudyConfig.model_fields[name].description or "")
        _dump_fields(table, getattr(config, name), further=problem if name == "problem" else None)
        document.add(tomlkit.nl())
        document.add(name, table)
    return tomlkit.dumps(document) + _dump_fleet(config.researcher)


def _dump_fleet(own: Sequence[ResearcherSettings]) -> str:
    """The [[researcher]] tables, after a comment on their fields; without any, an example as a comment."""
    lines = [f"[[{FLEET}]] # {StudyConfig.model_fields[FLEET].description}"]
    for name, info in ResearcherSettings.model_fields.items():
        lines += [f"  {name}: {line}" for line in (info.description or "").splitlines()]
    lines += [] if own else ["", *_EXAMPLE.splitlines()]
    tables = tomlkit.aot()
    for one in own:
        tables.append(tomlkit.item(one.model_dump(exclude_defaults=True) or {"count": one.count}))
    comment = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    return f"\n{comment}" + (f"\n{tomlkit.dumps({FLEET: tables})}" if own else "")


_EXAMPLE = """\
[[researcher]]
count = 2
[[researcher]]
name = "reader"
minds = { kind = "llm", model = "anthropic/claude-sonnet-5-5" }
direction = "posterior"
dollars = 0.5
"""


def _dump_fields(table: Table, settings: BaseModel, *, further: type[BaseModel] | None) -> None:
    values = dict(settings)
    for name in type(settings).model_fields:
        _dump_field(table, type(settings), name, values.pop(name))
    extra = dict(settings.model_extra or {})
    for name, info in (further.model_fields if further else {}).items():
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        _dump_field(table, further or type(settings), name, extra.pop(name, default))
    for name, value in extra.items():
        table.add(name, _plain(value))


def _dump_field(table: Table, model: type[BaseModel], name: str, value: Any) -> None:
    for line in (model.model_fields[name].description or "").splitlines():
        table.add(tomlkit.comment(line))
    if value is None or (value == () and row_model(model, name) is not None):
        table.add(tomlkit.comment(f"{name} = ({allowed_values(model, name)}; left out here)"))
    else:
        table.add(name, _plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
