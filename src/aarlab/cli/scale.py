"""aarlab scale: does a method still help on another, larger pair of models?"""

import functools
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aarlab.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aarlab.cli.problem import ProgressLine
    from aarlab.cli.trying import Asked
    from aarlab.problem.contract import Problem
    from aarlab.w2s.gains import Paired

LIMIT = 2000
"""Rows of an embedded domain that are read at layers of one's own, unless --limit says otherwise."""
SEEDS = 10


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(scale)


def scale(
    method: Annotated[str, typer.Argument(help="Name of a method, folder with method.py, or id of a verified row.")],
    weak: Annotated[
        str | None,
        typer.Option(metavar="A", help="Of the large pair: a layer, or a model folder or hub id.", show_default=False),
    ] = None,
    strong: Annotated[
        str | None, typer.Option(metavar="B", help="The same of its strong student.", show_default=False)
    ] = None,
    domain: Annotated[str | None, typer.Option(help="chat (default), math or code.", show_default=False)] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Data of your own instead.", show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many rows.", min=100, show_default=False)] = None,
    seeds: Annotated[int, typer.Option(help="Fresh draws, the same for all.", min=2, max=64)] = SEEDS,
    effect: Annotated[
        float | None,
        typer.Option(
            help="Gain in accuracy to plan for, such as 0.01; by default the small pair's.", show_default=False
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="problem.NAME=VALUE",
            help="Changes the problem of both pairs; may be repeated.",
            show_default=False,
        ),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Whose row or whose problem; by default none.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the result as JSON.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Trains a method and vanilla on a larger pair of models and on the usual one: does the gain carry over?

    Without --weak and --strong the larger pair is the one that is shipped with the domain. Layers (--weak 10
    --strong 24) are read by the small language model of `aarlab model`; anything else names models for the hf backend.
    """
    from aarlab.cli import output
    from aarlab.cli.scale_views import render, told
    from aarlab.cli.trying import asked_for
    from aarlab.w2s.verdicts import compare

    _check_effect(effect)
    asked = asked_for(method, study)
    given = {"domain": domain, "data": None if data is None else str(data.absolute()), "limit": limit}
    small = _small(asked, given, sets or ())
    found = _compare(asked, small, _large(small, weak, strong), seeds=seeds, quiet=as_json)
    comparison = compare(found["large"][1], found["small"][1], effect=effect)
    result = told(asked, {name: problem for name, (problem, _) in found.items()}, comparison)
    if out is not None:
        _write(out, output.to_json(result))
    output.emit(result, as_json=as_json, render=lambda: render(result))


def _small(asked: "Asked", given: Mapping[str, str | int | None], sets: Sequence[str]) -> dict[str, Any]:
    """The [problem] table of the usual pair. Raises UserError when the study is about something else."""
    from aarlab.errors import UserError
    from aarlab.studyfile import apply_sets, build_config

    if strange := [one for one in sets if not one.startswith("problem.")]:
        raise UserError(f"--set {strange[0]}: only what both pairs share can be set here, problem.NAME=VALUE")
    table = asked.config.problem.own() | {key: value for key, value in given.items() if value is not None}
    own = build_config(
        apply_sets({"problem": {"kind": asked.config.problem.kind, **table}}, sets), source="--set"
    ).problem
    if own.kind != "w2s":
        raise UserError(f'the study\'s problem is "{own.kind}"; scale compares pairs of models of "w2s" only')
    return own.own()


def _write(path: Path, text: str) -> None:
    from aarlab.errors import UserError

    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None


def _check_effect(effect: float | None) -> None:
    from aarlab.errors import UserError

    if effect is not None and not 0 < effect < 1:
        raise UserError(f"--effect {effect:g}: must lie between 0 and 1; 0.01 is one point of accuracy")


def _large(small: Mapping[str, Any], weak: str | None, strong: str | None) -> dict[str, Any]:
    """The [problem] table of the larger pair. Raises UserError when the two do not fit together."""
    from aarlab.errors import UserError

    if weak is None and strong is None:
        if small.get("data"):
            raise UserError("data of your own have no larger pair: name one, such as --weak 10 --strong 24")
        return {**small, "pair": "large"}
    if weak is None or strong is None:
        raise UserError("--weak and --strong belong together: both are layers, or both are models")
    if weak.isdigit() and strong.isdigit():
        if int(strong) <= int(weak):
            raise UserError(f"--strong {strong}: must lie above layer {weak} of the weak teacher")
        rows = {} if small.get("data") or small.get("limit") else {"limit": LIMIT}
        return {**small, **rows, "weak_layer": int(weak), "strong_layer": int(strong)}
    if weak.isdigit() or strong.isdigit():
        raise UserError("--weak and --strong: one is a layer and the other is not; name two layers, or two models")
    kept = {key: value for key, value in small.get("hf", {}).items() if not key.endswith("_revision")}
    return {**small, "backend": "hf", "hf": {**kept, **_models(weak, strong)}}


def _models(weak: str, strong: str) -> dict[str, str]:
    """Folders, or hub ids with a revision behind an @."""
    named: dict[str, str] = {}
    for key, text in (("weak", weak), ("strong", strong)):
        name, at, revision = text.partition("@")
        if Path(text).is_dir():
            named[key] = str(Path(text).absolute())
        else:
            named |= {key: name} | ({f"{key}_revision": revision} if at else {})
    return named


def _compare(
    asked: "Asked", small: Mapping[str, Any], large: Mapping[str, Any], *, seeds: int, quiet: bool
) -> dict[str, tuple["Problem", "Paired"]]:
    """The large pair and the small one, each with its outcomes on the same draws where their items are the same."""
    from aarlab.cli.problem import ProgressLine
    from aarlab.cli.signals import stop_on_signals
    from aarlab.cli.trying import named_files, trials
    from aarlab.w2s.gains import Paired

    with ProgressLine(quiet=quiet) as line:
        problems = dict(zip(("large", "small"), _problems(small, large, line), strict=True))
    methods = {asked.name: asked.files, "vanilla": named_files("vanilla")}
    drawn, done, found = _seeds(asked.files, seeds), itertools.count(1), {}
    total = len(problems) * len(methods) * seeds
    with ProgressLine(quiet=quiet) as line, stop_on_signals() as stop:
        for name, problem in problems.items():
            with trials(problem, asked.config, stop) as trying:
                tick = functools.partial(_tick, line, done, total)
                outcomes = trying.run(methods, drawn, tick=tick)
            found[name] = problem, Paired(outcomes[asked.name], outcomes["vanilla"])
    return found


def _tick(line: "ProgressLine", done: "Iterator[int]", total: int) -> None:
    line(next(done), total, "trainings")


def _seeds(files: Mapping[str, str], count: int) -> list[int]:
    """Of draws: they follow from the method's files, so that nobody chooses them, and anybody can draw them again."""
    from aarlab.canonical import digest_json
    from aarlab.lab.snapshots import content_hash

    name = content_hash(files)
    return [int(digest_json(["scale", name, place])[:8], 16) for place in range(count)]


def _problems(
    small: Mapping[str, Any], large: Mapping[str, Any], progress: "ProgressLine"
) -> tuple["Problem", "Problem"]:
    """Both problems, the small one divided as the large one where they have the same items. Raises UserError."""
    from aarlab.paths import cache_folder
    from aarlab.problem.registry import load
    from aarlab.w2s.problem import W2SProblem

    def build(table: Mapping[str, Any]) -> "Problem":
        return load("w2s", table, cache=cache_folder(), progress=progress, source="scale")

    one = build(large)
    if not isinstance(one, W2SProblem):
        return one, build(small)
    rows = {} if small.get("data") else {"limit": one.size}
    other = build({**small, **rows})
    return one, (other.beside(one) if isinstance(other, W2SProblem) else None) or other
