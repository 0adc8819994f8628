"""What of a method may change on its way to another domain: the numbers in its config.json. All else is components.

A text or a switch in config.json can choose another algorithm, so it is a component as much as the code is.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aarlab.errors import UserError
from aarlab.lab.snapshots import content_hash

CONFIG = "config.json"
"""File beside method.py with the settings that method.py reads."""
_NUMBER = {"": "number"}
Values = Mapping[str, Any]


def settings_of(files: Mapping[str, str]) -> dict[str, Any]:
    """What config.json holds; nothing where there is none. Raises UserError unless it is one JSON object."""
    if CONFIG not in files:
        return {}
    try:
        found = json.loads(files[CONFIG])
    except (ValueError, RecursionError):
        raise UserError(f"{CONFIG} of the method is not JSON") from None
    if not isinstance(found, dict):
        raise UserError(f"{CONFIG} of the method is not an object of settings")
    return found


def numbers(values: Values, *, above: str = "") -> Iterator[tuple[str, int | float]]:
    """Every number with its name; "a.b" lies in the object "a"."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from numbers(value, above=f"{above}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{above}{name}", value


def with_settings(files: Mapping[str, str], changes: Mapping[str, float]) -> dict[str, str]:
    """The files with other numbers, named as `numbers` does."""
    text = json.dumps(_changed(settings_of(files), changes, ""), indent=1) + "\n"
    return {**files, CONFIG: text}


def components_hash(files: Mapping[str, str]) -> str:
    """Names all of a method but the values of the numbers in its config.json."""
    if CONFIG not in files:
        return content_hash(files)
    return content_hash({**files, CONFIG: json.dumps(_masked(settings_of(files)), sort_keys=True)})


def require_components(files: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Raises UserError, naming what differs, unless `given` is the method `files` with other numbers."""
    if components_hash(files) == components_hash(given):
        return
    paths = sorted(path for path in {*files, *given} if files.get(path) != given.get(path))
    other = [path for path in paths if path != CONFIG] or [f"{CONFIG} (its keys, or what is no number in it)"]
    raise UserError(f"the components differ: {', '.join(other[:3])}; only numbers in {CONFIG} may be tuned")


def _changed(values: Values, changes: Mapping[str, float], above: str) -> dict[str, Any]:
    return {
        name: _changed(value, changes, f"{above}{name}.")
        if isinstance(value, dict)
        else changes.get(f"{above}{name}", value)
        for name, value in values.items()
    }


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_masked(entry) for entry in value]
    return _NUMBER if isinstance(value, int | float) and not isinstance(value, bool) else value
