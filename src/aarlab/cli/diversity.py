"""aarlab diversity: how diverse a study's methods are, step by step, how complex, and what is found again."""

from typing import TYPE_CHECKING

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from aarlab.report.diversity.study import Diversity


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(diversity)


def diversity(study: Study = None, as_json: Json = False) -> None:
    """Entropy of method families across researchers, families by who tries them, complexity against PGR, re-discovery.

    --json has every method with its parents: the lineage graph (docs/diversity.md).
    """
    from aarlab.cli import output
    from aarlab.cli.study import events_of, locate
    from aarlab.report.diversity.study import diversity as measured

    paths = locate(study)
    events_of(paths)
    found = measured(paths)
    output.emit(found, as_json=as_json, render=lambda: _show(found))


def _show(found: "Diversity") -> None:
    from aarlab.cli import output
    from aarlab.report.diversity.study import sentences

    steps = [
        (str(one.step), str(one.active), f"{one.entropy:.2f}", f"{one.low:.2f} to {one.high:.2f}", f"{one.most:.2f}")
        for one in found.steps
    ]
    columns = ("step", "active", "bits", "95 % band", "at most")
    output.show(output.table(columns, steps, title="Families across researchers", right=range(5)), "")
    counts = [
        (family, str(sum(own.values())), ", ".join(f"{name} {count}" for name, count in sorted(own.items())))
        for family, own in sorted(found.families.items(), key=lambda item: -sum(item[1].values()))
    ]
    output.show(output.table(("family", "proposals", "by"), counts, title="Families", right=(1,)), "")
    for line in sentences(found):
        output.say(output.one_line(line, limit=400))
