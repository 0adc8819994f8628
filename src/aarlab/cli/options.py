"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Study = Annotated[
    Path | None,
    typer.Option("--study", metavar="FOLDER", help="Folder of a study; by default the latest one.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="TABLE.FIELD=VALUE", help="Changes one setting; may be repeated.", show_default=False
    ),
]
StudyFile = Annotated[
    Path | None,
    typer.Argument(metavar="[STUDY.TOML]", help="A study file; all settings have defaults.", show_default=False),
]
