"""aarlab directions: the starting points that researchers are given."""

import typer

from aarlab.cli.options import Json


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(directions)


def directions(as_json: Json = False) -> None:
    """The nine starting points of study.directions = "diverse"; a list there may name them by family or title."""
    from dataclasses import asdict

    from aarlab.cli import output
    from aarlab.minds.directions import nine

    rows = [(one.family, one.title, one.text) for one in nine()]
    shown = output.table(("family", "title", "text"), rows)
    output.emit([asdict(one) for one in nine()], as_json=as_json, render=lambda: output.show(shown))
