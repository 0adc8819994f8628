"""aarlab data: folders of data at the scale of the study, and what could be exploited in one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aarlab.cli.options import Json

if TYPE_CHECKING:
    from aarlab.w2s.datasets.audit import Audit


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    data = typer.Typer(
        help="Folders of data: built from public data sets, audited.", no_args_is_help=True, rich_markup_mode=None
    )
    data.command()(build)
    data.command()(sources)
    data.command()(audit)
    app.add_typer(data, name="data")


def build(
    domain: Annotated[str, typer.Argument(help="chat, math or code.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A folder that does not exist yet.")],
    named: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="NAME=PLACE",
            help="A file or folder, or OWNER/DATASET@REVISION of the Hub; may be repeated.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every order and choice.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Most rows of each file.", min=100, show_default=False)] = None,
    held_in: Annotated[
        float, typer.Option("--held-in", help='Share of training questions that goes into the test, marked "id".')
    ] = 0.0,
    only_named: Annotated[
        bool, typer.Option("--only-named", help="Leave out usual sources that are not named.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Builds a folder for problem.data: no leaks, whole questions on one side, labels even within every difficulty.

    Nothing is executed: solutions of programming tasks are labelled by the verdicts in the file that you give.
    """
    from aarlab.cli import output
    from aarlab.errors import UserError
    from aarlab.w2s.datasets import build as building
    from aarlab.w2s.datasets.sources import split_argument

    pairs = [split_argument(one) for one in named or ()]
    if len(dict(pairs)) < len(pairs):
        raise UserError("--source: a source is named twice; name a folder with all its files")
    if not 0 <= held_in <= 0.5:
        raise UserError(f"--held-in {held_in:g}: must be between 0 and 0.5")
    plan = building.Plan(domain, dict(pairs), seed=seed, limit=limit, held_in=held_in, only_named=only_named)
    record = building.build(plan, to)
    output.emit(record, as_json=as_json, render=lambda: _show_record(record, to))


def sources(as_json: Json = False) -> None:
    """The sources of each domain: where they are published, at which commit they are read, under which licence."""
    from aarlab.cli import output
    from aarlab.w2s.datasets.recipes import RECIPES, SOLUTIONS

    rows = [
        {
            "domain": domain,
            "source": name,
            "part": one.part,
            "hub": one.known.hub,
            "revision": one.known.revision,
            "licence": one.known.licence,
        }
        for domain, recipe in RECIPES.items()
        for name, one in recipe.sources.items()
    ]
    cells = [[str(value if value is not None else "to be named") for value in row.values()] for row in rows]

    def render() -> None:
        output.show(output.table(("domain", "source", "for", "on the Hub", "commit", "licence"), cells))
        output.say(f"math and code also need {SOLUTIONS}=FILE.jsonl: what models wrote, right and wrong")

    output.emit(rows, as_json=as_json, render=render)


def _show_record(record: dict[str, Any], folder: Path) -> None:
    from aarlab.cli import output

    cells = [
        (name, one["source"], one["subset"], str(one["items"]), str(one["ones"]))
        for name, facts in record["files"].items()
        for one in facts["strata"]
    ]
    output.show(output.table(("file", "source", "subset", "items", "label 1"), cells, right=(3, 4)))
    lost = [(name, why, str(count)) for name, found in record["dropped"].items() for why, count in found.items()]
    if lost:
        output.show("", output.table(("dropped", "because", "rows"), lost, right=(2,)))
    sizes = ", ".join(f"{name} {one['items']}" for name, one in record["files"].items())
    output.say(f"\n{folder}: {sizes} items; what could be exploited in it: aarlab data audit {folder}")


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder in the format of problem.data.")],
    as_json: Json = False,
) -> None:
    """What tells right from wrong without understanding: length, position, source, form, words, repeated texts."""
    from aarlab.cli import output
    from aarlab.problem.files import read_folder
    from aarlab.w2s.datasets.audit import audit as audited

    found = audited(read_folder(folder))
    output.emit(found, as_json=as_json, render=lambda: _show_audit(found))


def _show_audit(found: "Audit") -> None:
    from aarlab.cli import output

    sizes = ", ".join(f"{name} {count}" for name, count in found.items.items())
    rates = [
        (one.cue, str(one.items), f"{one.rate:.3f}", f"{one.low:.3f} to {one.high:.3f}", one.verdict, one.part)
        for one in found.rates
    ]
    rules = [
        (
            one.name,
            f"{one.accuracy:.3f}",
            f"{one.low:.3f} to {one.high:.3f}",
            f"{one.covered:.0%}",
            one.verdict,
            one.says,
        )
        for one in found.rules
    ]
    repeated = [(f"{share:.1%}", name) for name, share in found.repeated.items()]
    output.say(f"{found.kind}: {sizes}\n")
    columns = ("by", "items", "label 1", "95 % interval", "verdict", "part")
    output.show(output.table(columns, rates, title="How often the label is 1 in the test", right=(1, 2)), "")
    columns = ("rule", "accuracy", "95 % interval", "speaks", "verdict", "what it says")
    title = "What rules without understanding score on the test (chosen on the training files)"
    output.show(output.table(columns, rules, title=title, right=(1, 3)), "")
    output.show(output.table(("of the test", ""), repeated, title="Repeated texts", right=(0,)))
    for line in found.warnings:
        output.say(f"warning: {line}")
