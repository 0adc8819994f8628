"""The command `aarlab`. Errors are one line on standard error; exit status 1 failed, 2 bad input, 3 the host cannot."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from aarlab.errors import AarlabError

COMMANDS = (
    "run",
    "steering",
    "serve",
    "show",
    "watch",
    "compare",
    "diversity",
    "record",
    "transcript",
    "ledger",
    "replay",
    "transfer",
    "settings",
    "submit",
    "join",
    "incidents",
    "post",
    "final",
    "redteam",
    "host",
    "methods",
    "directions",
    "scale",
    "science",
    "data",
    "model",
)
"""Modules of this package, each with a function `register(app)`; in the order of `aarlab --help`."""

app = typer.Typer(
    name="aarlab",
    help="A laboratory for automated alignment researchers: fleets hand in methods, the lab verifies them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"aarlab {version('aarlab')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


for _name in COMMANDS:
    importlib.import_module(f"aarlab.cli.{_name}").register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and ends the process with its exit status."""
    sys.exit(_guarded(arguments))


def _guarded(arguments: Sequence[str] | None) -> int:
    try:
        status = app(arguments, standalone_mode=False, prog_name="aarlab")
    except AarlabError as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        return _fail_usage(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status if isinstance(status, int) else 0


def _fail_usage(error: typer.TyperException) -> int:
    message = error.format_message()
    if message.startswith("Usage:"):  # a group without a command: its help
        print(message, file=sys.stderr)
        return error.exit_code
    return _fail(f"{message} (see aarlab --help)", error.exit_code)


def _fail(message: str, status: int) -> int:
    from aarlab.cli.output import clean

    print(f"aarlab: {clean(' '.join(message.split()))}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
