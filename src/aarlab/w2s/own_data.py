"""A user's own folder of texts as a pool."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from aarlab.errors import OperatorError, UserError
from aarlab.problem.contract import Progress
from aarlab.problem.files import Row, read_folder
from aarlab.w2s.domains.pool import TEST, TRAIN_LABEL, TRAIN_UNLABEL, Pool
from aarlab.w2s.domains.text import USER_RECIPE, MissingModelError, pool_from_rows

Layers = tuple[int | None, int | None]
"""Of the weak teacher and of the strong student; None = the usual one."""


def load_own(path: Path, layers: Layers, *, limit: int | None, cache: Path, progress: Progress | None) -> Pool:
    """Reads and checks the folder, then computes features, cached by content.

    Raises UserError with one line on bad data, OperatorError when the language model is not installed.
    """
    rows, roles = read_rows(path, limit=limit)
    weak, strong = (given if given is not None else usual for given, usual in zip(layers, _usual(), strict=True))
    recipe = replace(USER_RECIPE, weak_layer=weak, strong_layer=strong)
    report = None if progress is None else lambda done, total: progress(done, total, "tokens read by the model")
    marks, name = [row.ood for row in rows], path.resolve().name
    try:
        return pool_from_rows(rows, roles, name=name, ood=marks, recipe=recipe, progress=report, cache=cache)
    except MissingModelError as error:
        raise OperatorError(str(error)) from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def read_rows(path: Path, *, limit: int | None) -> tuple[list[Row], list[int]]:
    """All rows of the folder, or the first of each file, and the roles of their files. Raises UserError on bad data."""
    folder = read_folder(path)
    files = {TRAIN_LABEL: folder.train_label, TRAIN_UNLABEL: folder.train_unlabel, TEST: folder.test}
    kept = {role: _first(rows, limit) for role, rows in files.items()}
    rows = [row for part in kept.values() for row in part]
    return rows, [role for role, part in kept.items() for _ in part]


def _usual() -> tuple[int, int]:
    return USER_RECIPE.weak_layer, USER_RECIPE.strong_layer


def _first(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """The first groups, as many as fit into `limit` rows; in the file's order."""
    if limit is None or len(rows) <= limit:
        return list(rows)
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row.unit()] = sizes.get(row.unit(), 0) + 1
    fitting = sum(total <= limit for total in accumulate(sizes.values()))
    kept = set(list(sizes)[:fitting])
    return [row for row in rows if row.unit() in kept]
