"""A folder in the published format from the sources of a recipe, and build.json beside it: what it was made of."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.canonical import digest
from aarlab.errors import UserError
from aarlab.problem.files import FILES, MINIMUM_GROUPS, MINIMUM_ROWS, read_folder
from aarlab.studyfile import suggest
from aarlab.w2s.datasets import code, sources
from aarlab.w2s.datasets.items import Dropped, Item, prompt_key
from aarlab.w2s.datasets.mix import Row, files, placed_by
from aarlab.w2s.datasets.recipes import RECIPES, SOLUTIONS, Pairs, Questions, Recipe
from aarlab.w2s.datasets.solutions import HINT, Judge, Question, choices, unique
from aarlab.w2s.datasets.sources import Known, Origin, Record

RECORD = "build.json"
VERSION = 1
"""Of the recipes: a change that gives other files from the same sources makes another one."""


@dataclass(frozen=True)
class Plan:
    """What is to be built."""

    domain: str
    """chat, math or code."""
    named: Mapping[str, str]
    """Source -> a file or folder, or OWNER/DATASET@REVISION; the usual sources need not be named."""
    seed: int = 0
    """Of every order and choice."""
    limit: int | None = None
    """Most rows of each file."""
    held_in: float = 0.0
    """Share of the training questions that go into the test, marked "id"."""
    only_named: bool = False
    """Whether usual sources that are not named are left out."""


def build(plan: Plan, folder: Path) -> dict[str, Any]:
    """Writes the folder, whole or not at all, and returns what build.json says.

    Again with the same result it changes nothing. Raises UserError on a folder with anything else in it, on sources
    that cannot be read and on too few items, OperatorError where the Hub or a library is missing.
    """
    if plan.domain not in RECIPES:
        known = suggest(plan.domain, RECIPES) or f"; there are {', '.join(RECIPES)}"
        raise UserError(f"{plan.domain}: there is no such domain{known}")
    recipe = RECIPES[plan.domain]
    drops: dict[str, Dropped] = {}
    origins = _origins(plan, recipe)
    train, test = _items(recipe, origins, drops)
    mixed = drops.setdefault("mixing", Dropped())
    rows = files(
        train, test, mixed, place=placed_by(plan.seed), labelled=recipe.labelled, held_in=plan.held_in, limit=plan.limit
    )
    _check_sizes(plan, rows, drops)
    texts = {f"{name}.jsonl": _lines(rows[name]) for name in FILES}
    record = _record(plan, origins, drops, rows, texts)
    texts[RECORD] = (json.dumps(record, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()
    write_folder(folder, texts)
    return record


# ---- reading ------------------------------------------------------------------------------------------------


def _origins(plan: Plan, recipe: Recipe) -> dict[str, Origin]:
    """Every source that is read, with its files."""
    allowed = [*recipe.sources, *([SOLUTIONS] if recipe.judge else [])]
    for name in plan.named:
        if name not in allowed:
            raise UserError(f"--source {name}: {plan.domain} has no such source; it has {', '.join(allowed)}")
    if recipe.judge and SOLUTIONS not in plan.named:
        raise UserError(f"--source {SOLUTIONS}=FILE.jsonl is missing: what models wrote, right and wrong; {HINT}")
    usual = [] if plan.only_named else [name for name, one in recipe.sources.items() if _usual(one)]
    used = [name for name in recipe.sources if name in plan.named or name in usual]
    places: dict[str, tuple[str | None, Known | None]] = {
        name: (plan.named.get(name), recipe.sources[name].known) for name in used
    }
    places |= {SOLUTIONS: (plan.named[SOLUTIONS], None)} if recipe.judge else {}
    for name, (place, known) in places.items():
        sources.check(name, place, known=known)
    return {name: sources.find(name, place, known=known) for name, (place, known) in places.items()}


def _usual(source: Pairs | Questions) -> bool:
    return isinstance(source, Pairs) or source.usual


def _items(recipe: Recipe, origins: Mapping[str, Origin], drops: dict[str, Dropped]) -> tuple[list[Item], list[Item]]:
    """Items to train on and to test on."""
    parts: dict[str, list[Item]] = {"train": [], "test": []}
    asked: dict[str, list[Question]] = {"train": [], "test": []}
    for name, source in recipe.sources.items():
        if name not in origins:
            continue
        drop, records = drops.setdefault(name, Dropped()), origins[name].records()
        if isinstance(source, Pairs):
            parts[source.part] += source.read(records, drop)
        else:
            for one in unique(source.read(records, drop), drop):
                asked[_part(source, one)].append(one)
    if recipe.judge is not None:
        parts = _solved(recipe.judge, asked, origins[SOLUTIONS].records(), drops.setdefault(SOLUTIONS, Dropped()))
    return parts["train"], parts["test"]


def _part(source: Questions, question: Question) -> str:
    if source.part == "difficulty":
        return "test" if code.hard(question) else "train"
    return source.part


def _solved(
    judge: Judge, asked: Mapping[str, Sequence[Question]], rows: Iterable[Record], drop: Dropped
) -> dict[str, list[Item]]:
    """What models wrote, on the side of its question. A question that is also in the test is not trained on."""
    tested = {prompt_key(one.text) for one in asked["test"]}
    train = [one for one in asked["train"] if prompt_key(one.text) not in tested]
    drop("question in the test, too", len(asked["train"]) - len(train))
    parts: dict[str, list[Item]] = {"train": [], "test": []}
    for question, choice in choices([*train, *asked["test"]], rows, drop, judge=judge):
        parts["test" if prompt_key(question.text) in tested else "train"].append(choice)
    return parts


# ---- writing ------------------------------------------------------------------------------------------------


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes files into a folder that appears whole or not at all; a folder with the same files is left as it is.

    Raises UserError on a folder with anything else, or that cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            _check_same(folder, contents)
            return
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        stage = folder.absolute().with_name(f".{folder.absolute().name}.{os.getpid()}.tmp")
        try:
            _stage(stage, contents)
            read_folder(stage)
            stage.rename(folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from None


def _check_same(folder: Path, contents: Mapping[str, bytes]) -> None:
    same = all((folder / name).is_file() and (folder / name).read_bytes() == data for name, data in contents.items())
    if not same:
        raise UserError(f"{folder}: holds something else already and is left as it is; choose another folder")


def _stage(stage: Path, contents: Mapping[str, bytes]) -> None:
    stage.mkdir()
    for name, data in contents.items():
        with (stage / name).open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())


def _lines(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows).encode()


def _check_sizes(plan: Plan, rows: Mapping[str, Sequence[Row]], drops: Mapping[str, Dropped]) -> None:
    for name in FILES:
        groups = len({row["group"] for row in rows[name]})
        if len(rows[name]) < MINIMUM_ROWS or groups < MINIMUM_GROUPS:
            most = Counter(f"{source}: {reason}" for source, drop in drops.items() for reason in drop.counts.elements())
            lost = "; ".join(f"{why} ({count})" for why, count in most.most_common(3))
            raise UserError(
                f"{plan.domain}: only {len(rows[name])} items of {groups} questions are left for {name}, and "
                f"{MINIMUM_ROWS} of {MINIMUM_GROUPS} are needed{f'; most were dropped as {lost}' if lost else ''}"
            )


# ---- the record ---------------------------------------------------------------------------------------------


def _record(
    plan: Plan,
    origins: Mapping[str, Origin],
    drops: Mapping[str, Dropped],
    rows: Mapping[str, Sequence[Row]],
    texts: Mapping[str, bytes],
) -> dict[str, Any]:
    """What was made of what: no time, no path, so that the same sources give the same bytes."""
    recipe = RECIPES[plan.domain]
    return {
        "domain": plan.domain,
        "recipe": {
            "version": VERSION,
            "seed": plan.seed,
            "limit": plan.limit,
            "labelled_share": recipe.labelled,
            "held_in_share": plan.held_in,
        },
        "sources": {name: origin.facts() for name, origin in origins.items()},
        "dropped": {name: dict(sorted(drop.counts.items())) for name, drop in drops.items() if drop.counts},
        "files": {name: _file_facts(rows[name]) | {"sha256": digest(texts[f"{name}.jsonl"])} for name in FILES},
    }


def _file_facts(rows: Sequence[Row]) -> dict[str, Any]:
    strata = Counter((row["source"].partition(":")[0], row.get("subset", "")) for row in rows)
    ones = Counter((row["source"].partition(":")[0], row.get("subset", "")) for row in rows if row["label"])
    return {
        "items": len(rows),
        "groups": len({row["group"] for row in rows}),
        "ones": sum(row["label"] for row in rows),
        "strata": [
            {"source": source, "subset": subset, "items": count, "ones": ones[source, subset]}
            for (source, subset), count in sorted(strata.items())
        ],
    }
