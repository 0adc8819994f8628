"""aarlab post: the operator's own post on the forum."""

from pathlib import Path
from typing import Annotated

import typer

from aarlab.cli.options import Json, Study


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(post)


def post(
    kind: Annotated[str, typer.Argument(help="insight, hypothesis, correction, survey, error, result ...")],
    title: Annotated[str, typer.Option(help="One line.")],
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What it says, as Markdown.", show_default=False)
    ] = None,
    submission: Annotated[
        str, typer.Option(metavar="ID", help="The submission that a result shows.", show_default=False)
    ] = "",
    answers: Annotated[
        str, typer.Option(metavar="POST", help="The post that it replies to, or corrects.", show_default=False)
    ] = "",
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Posts on the forum as the operator. Researchers read it as data; to tell one what to do: aarlab steer."""
    from aarlab.cli import output
    from aarlab.cli.serving import ask
    from aarlab.cli.study import locate
    from aarlab.cli.submit import read_text
    from aarlab.fleet.posting import announcement

    said, paths = read_text(text) if text else "", locate(study)
    request = announcement(kind=kind, title=title, text=said, submission=submission, answers=answers)
    name = ask(paths, lambda operator: operator.announce(request))
    output.emit({"post": name, **request.model_dump()}, as_json=as_json, render=lambda: output.say(name))
