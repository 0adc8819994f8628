"""aarlab model | w2s: the language model behind the features, and the tables of weak-to-strong methods."""

from pathlib import Path
from typing import Annotated, Any

import typer

from aarlab.cli.methods import run, sweep
from aarlab.cli.options import Json


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    model = typer.Typer(help="The language model behind the features.", no_args_is_help=True, rich_markup_mode=None)
    model.callback()(_group)
    model.command()(build)
    app.add_typer(model, name="model")
    w2s = typer.Typer(
        help="Weak-to-strong: methods tried, tables of them.", no_args_is_help=True, rich_markup_mode=None
    )
    w2s.command()(run)
    w2s.command()(sweep)
    w2s.command()(table)
    w2s.command()(published)
    app.add_typer(w2s, name="w2s")


def _group() -> None:
    pass


def build(
    domain: Annotated[str, typer.Argument(help="chat, math, code or all.")] = "all",
    limit: Annotated[int | None, typer.Option(help="Only so many pairs of each.", min=1, show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Recomputes the embedded features from their texts and checks that the shipped ones match. Status 1 if not."""
    from dataclasses import asdict

    from aarlab.cli import output
    from aarlab.cli.problem import ProgressLine
    from aarlab.errors import UserError
    from aarlab.paths import cache_folder
    from aarlab.studyfile import suggest
    from aarlab.w2s.domains.rebuild import rebuild
    from aarlab.w2s.domains.recipes import RECIPES

    if domain != "all" and domain not in RECIPES:
        raise UserError(f"{domain}: there is no such domain{suggest(domain, RECIPES)}; there are {', '.join(RECIPES)}")
    names = list(RECIPES) if domain == "all" else [domain]
    with ProgressLine(quiet=as_json) as line:
        reports = {
            name: rebuild(name, limit=limit, progress=line.counting(name), cache=cache_folder()) for name in names
        }
    data = {name: asdict(report) | {"reproduced": report.reproduced} for name, report in reports.items()}
    rows = [(name, *(str(value) for value in facts.values())) for name, facts in data.items()]
    columns = ("domain", *next(iter(data.values())))
    output.emit(data, as_json=as_json, render=lambda: output.show(output.table(columns, rows)))
    if not all(report.reproduced for report in reports.values()):
        raise typer.Exit(1)


def table(
    domains: Annotated[
        list[str] | None, typer.Argument(help="chat, math, code; by default all.", show_default=False)
    ] = None,
    seeds: Annotated[int, typer.Option(help="Fresh draws of each.", min=2)] = 10,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a document of the table.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """All ready-made methods on the embedded domains, beside vanilla on the same draws (minutes)."""
    from aarlab.cli.problem import ProgressLine
    from aarlab.errors import UserError
    from aarlab.studyfile import suggest
    from aarlab.w2s.domains.embedded import EMBEDDED
    from aarlab.w2s.results import markdown as document
    from aarlab.w2s.table import results_table

    for name in domains or ():
        if name not in EMBEDDED:
            raise UserError(
                f"{name}: there is no such domain{suggest(name, EMBEDDED)}; there are {', '.join(EMBEDDED)}"
            )
    with ProgressLine(quiet=as_json) as line:
        rows = results_table(domains or list(EMBEDDED), seeds=seeds, progress=line)
    if markdown is not None:
        markdown.write_text(document(rows), encoding="utf-8")
    _print_rows(rows, _TABLE, as_json=as_json)


def published(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="JSON with accuracies by seed.")], as_json: Json = False
) -> None:
    """Means, standard errors and PGR of published per-seed accuracies, with the published convention."""
    from aarlab.w2s.published import published_table

    _print_rows(published_table(path), _PUBLISHED, as_json=as_json)


_TABLE = ("domain", "method", "pgr", "se", "low", "high", "transfer_acc", "over_vanilla", "over_vanilla_se", "ms")
_PUBLISHED = (
    "domain",
    "method",
    "seeds",
    "transfer_acc",
    "weak_acc",
    "strong_acc",
    "pgr",
    "pgr_se",
    "se_with_baselines",
)


def _print_rows(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    from aarlab.cli import output

    cells = [[_cell(row[column]) for column in columns] for row in rows]
    right = tuple(range(2, len(columns)))
    output.emit(rows, as_json=as_json, render=lambda: output.show(output.table(columns, cells, right=right)))


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
