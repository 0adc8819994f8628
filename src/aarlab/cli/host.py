"""aarlab doctor: what this host can enforce, what is missing and how to get it."""

from typing import TYPE_CHECKING

import typer

from aarlab.cli.options import Json

if TYPE_CHECKING:
    from aarlab.sandbox.doctor import Check


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(doctor)


def doctor(as_json: Json = False) -> None:
    """Says what this host can enforce, what is missing and how to get it. Status 3 when something needed is missing."""
    from aarlab.cli import output
    from aarlab.errors import OperatorError
    from aarlab.sandbox.doctor import doctor as look

    checks = look()
    rows = [(check.name, _verdict(check), check.detail, check.fix) for check in checks]
    columns = ("what", "", "found", "what to do")
    output.emit(checks, as_json=as_json, render=lambda: output.show(output.table(columns, rows)))
    lacking = [check.name for check in checks if check.needed and not check.ok]
    if lacking:
        raise OperatorError(f"this host lacks what a study needs: {', '.join(lacking)}")


def _verdict(check: "Check") -> str:
    return "ok" if check.ok else "MISSING" if check.needed else "less"
