"""aarlab model: language models that the hf backend fine-tunes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json

if TYPE_CHECKING:
    from aarlab.w2s.backends.export import Exported


def register(app: typer.Typer) -> None:
    """Adds the command."""
    model = typer.Typer(
        help="Language models for the hf backend, as folders.", no_args_is_help=True, rich_markup_mode=None
    )
    model.callback()(_group)
    model.command()(export)
    app.add_typer(model, name="model")


def _group() -> None:
    pass


def export(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A folder that does not exist yet.")],
    layers: Annotated[
        int | None,
        typer.Option(help="Its first layers only, for a weaker model; by default all 30.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Writes the small language model of the extra `text` as a folder that transformers reads; needs no network.

    A folder for [problem.hf] weak or strong: SmolLM2-135M-Instruct, float32, 0.5 GB with all layers.
    """
    from dataclasses import asdict

    from aarlab.cli import output
    from aarlab.w2s.backends import export as exporting
    from aarlab.w2s.backends.smollm import LAYERS

    if not as_json and not to.exists():
        output.warn(f"aarlab: writing {to}")
    made = exporting.export(to, layers=LAYERS if layers is None else layers)
    output.emit(asdict(made), as_json=as_json, render=lambda: _show(made))


def _show(made: "Exported") -> None:
    from aarlab.cli import output

    output.say(f"{made.folder}: {made.layers} layers, {made.parameters / 1e6:.0f} million parameters")
