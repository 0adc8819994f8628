"""aarlab log | report: what is on record of a study."""

from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from aarlab.lab.store import Event


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(log)
    app.command()(report)


def log(
    study: Study = None,
    after: Annotated[int, typer.Option(help="Only entries after this one.", min=0)] = 0,
    digest: Annotated[
        bool, typer.Option("--digest", help="Print only the digest of the content, without clock.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The ledger, entry by entry. --json prints one JSON object a line."""
    from aarlab.cli import output
    from aarlab.cli.study import locate
    from aarlab.lab.events import content_digest
    from aarlab.lab.sqlite_store import read_events

    paths = locate(study)
    if digest:
        output.say(content_digest(read_events(paths.database)))
        return
    for event in read_events(paths.database, after=after):
        output.say(_json_line(event) if as_json else _line(event))


def _json_line(event: "Event") -> str:
    from dataclasses import asdict

    from aarlab.canonical import canonical_json
    from aarlab.cli.output import escaped

    return escaped(canonical_json(asdict(event)).decode())


def _line(event: "Event") -> str:
    from datetime import UTC, datetime

    from aarlab.canonical import canonical_json
    from aarlab.cli.output import one_line

    time = datetime.fromtimestamp(float(event.meta["time"]), UTC).strftime("%H:%M:%S")
    return f"{event.seq:5d} {time} {event.actor:<10} {event.kind:<20} {one_line(canonical_json(event.body).decode())}"


def report(
    public: Annotated[
        bool, typer.Option("--public", help="Leave out what should not leave this machine (docs/report.md).")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write Markdown instead of HTML.")] = False,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Writes the report: one static HTML file that needs no network, or the same as Markdown."""
    from aarlab.cli import output
    from aarlab.cli.study import locate
    from aarlab.report.build import build_report

    path = build_report(locate(study), public=public, form="md" if markdown else "html")
    output.emit({"report": str(path)}, as_json=as_json, render=lambda: output.say(str(path)))
