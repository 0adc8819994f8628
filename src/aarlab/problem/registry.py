"""Problems by name. A package brings a kind of its own with an entry point of the group "aarlab.problems"."""

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from aarlab.errors import OperatorError, UserError
from aarlab.problem.contract import Problem, ProblemKind, Progress
from aarlab.studyfile import suggest, validate_table

GROUP = "aarlab.problems"


def kinds() -> Mapping[str, str]:
    """Kind -> "module:object" of everything that is installed."""
    return {point.name: point.value for point in sorted(entry_points(group=GROUP))}


def load(
    kind: str, settings: Mapping[str, Any], *, cache: Path, progress: Progress | None = None, source: str = "study"
) -> Problem:
    """Builds the problem of a [problem] table (`settings` without its key `kind`).

    `source` begins the line of an error. Raises UserError on an unknown kind or setting, naming the nearest one, and
    on data that the problem refuses.
    """
    found = find(kind)
    checked = validate_table(found.settings, settings, source=source, table="problem")
    return found.build(checked, cache=cache, progress=progress)


def settings_of(kind: str) -> type[BaseModel]:
    """The pydantic model of a kind's settings. Raises UserError on an unknown kind."""
    return cast(type[BaseModel], find(kind).settings)


def find(kind: str) -> ProblemKind:
    """The kind of that name, or the object that "module:object" names. Raises UserError."""
    known = kinds()
    if kind not in known and ":" not in kind:
        hint = suggest(kind, known) or f"; installed are {', '.join(known) or 'none'}"
        raise UserError(f'problem.kind: there is no kind "{kind}"{hint}')
    return _import(known.get(kind, kind), kind=kind)


def _import(target: str, *, kind: str) -> ProblemKind:
    module, _, name = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise OperatorError(f'problem.kind "{kind}" cannot be loaded from {target}: {error}') from error
    if not (hasattr(found, "settings") and hasattr(found, "build")):
        raise OperatorError(f'problem.kind "{kind}": {target} has no `settings` and `build`, so it is no problem kind')
    return cast(ProblemKind, found)
