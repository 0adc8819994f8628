"""aarlab serve: the dashboard, in a browser on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from aarlab.cli.options import Json

PORT = 8642


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(serve)


def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = PORT,
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of studies; by default as all commands have it.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    as_json: Json = False,
) -> None:
    """Serves the dashboard on 127.0.0.1 to who has the address with its token: launch, watch, steer, pause, stop.

    Studies that it starts go on when it ends. Stop it with Ctrl-C.
    """
    from aarlab.cli import output
    from aarlab.cli.study import studies_folder
    from aarlab.errors import UserError
    from aarlab.web.serve import serve as run

    folder = (root or studies_folder()).absolute()
    if root is not None and not folder.is_dir():
        raise UserError(f"{root}: there is no such folder; leave --root out, or name the one that holds the studies")

    def ready(url: str) -> None:
        data = {"url": url, "root": str(folder)}
        output.emit(data, as_json=as_json, render=lambda: output.say(f"aarlab: dashboard of {folder}: {url}"))
        if not no_browser and not as_json:
            _open(url)

    run(folder, port=port, ready=ready)


def _open(url: str) -> None:
    """In the user's browser where there is a desktop; a browser in the terminal would take it over."""
    import os
    import webbrowser

    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)
