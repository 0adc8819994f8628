"""aarlab ledger verify | head | export: for who audits a study, with nothing but its folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from aarlab.lab.audit import Audit
    from aarlab.lab.heads import Head


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    ledger = typer.Typer(help="The append-only, signed record.", no_args_is_help=True, rich_markup_mode=None)
    for command in (verify, head, export):
        ledger.command()(command)
    app.add_typer(ledger, name="ledger")


def verify(
    study: Study = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="PUB", help="Public key that you have from elsewhere: a file, or hex.", show_default=False
        ),
    ] = None,
    kept: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="FILE|HASH",
            help="A head that was published or noted down earlier; the ledger must still have it.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Checks every entry, and all signed heads against them. Exit status 1 when anything does not belong together."""
    from dataclasses import asdict

    from aarlab.cli import output
    from aarlab.cli.study import locate
    from aarlab.lab.audit import audit, read_kept

    with _readable():
        found = audit(locate(study), key=_key(key), kept=read_kept(kept) if kept else ())
    output.emit({"ok": found.ok, **asdict(found)}, as_json=as_json, render=lambda: _render(found))
    if not found.ok:
        raise typer.Exit(1)


def head(study: Study = None, as_json: Json = False) -> None:
    """The newest signed head: note it down, or keep the JSON, and no entry before it can be changed unseen."""
    from aarlab.cli import output
    from aarlab.cli.study import locate
    from aarlab.errors import UserError
    from aarlab.lab.heads import read_heads

    paths = locate(study)
    with _readable():
        found = [one for _, one in read_heads(paths.heads) if one is not None]
    if not found:
        raise UserError(f"{paths.root}: no head was signed yet")
    newest = found[-1]
    output.emit(newest, as_json=as_json, render=lambda: _show_head(newest))


def export(
    target: Annotated[Path, typer.Argument(metavar="OUT.TAR.GZ", help="The archive to write.")],
    study: Study = None,
    blobs: Annotated[bool, typer.Option("--blobs", help="With the students that were sent to dev.")] = False,
    as_json: Json = False,
) -> None:
    """Packs what an auditor needs: ledger, heads, public key, methods, settings, report. Never the vault.

    It holds the seeds of finished draws: no reading for researchers while the study goes on.
    """
    from aarlab.cli import output
    from aarlab.cli.study import locate
    from aarlab.lab.bundle import pack

    with _readable():
        names = pack(locate(study), target, blobs=blobs)
    data = {"archive": str(target), "files": names}
    output.emit(data, as_json=as_json, render=lambda: output.say(f"{target}: {len(names)} files"))


@contextmanager
def _readable() -> Iterator[None]:
    from aarlab.errors import UserError

    try:
        yield
    except PermissionError as error:
        raise UserError(f"{error.filename}: may not be read by this user") from None


def _key(key: str | None) -> str | None:
    from aarlab.lab.heads import read_key

    if key is not None and len(key) == 64 and set(key) <= set("0123456789abcdef"):
        return key
    return read_key(Path(key)) if key is not None else None


def _show_head(newest: "Head") -> None:
    from aarlab.cli import output
    from aarlab.lab.heads import fingerprint

    output.say(f"entry {newest.seq}, head {newest.hash}")
    output.say(f"signed on {newest.when} as head {newest.number} of {output.one_line(newest.study)}")
    output.say(f"key {newest.key} (fingerprint {fingerprint(newest.key)})")


def _render(found: "Audit") -> None:
    from aarlab.cli import output
    from aarlab.lab.heads import fingerprint

    for fault in found.faults:
        output.say(f"BROKEN: {output.clean(fault.text)}")
    verdict = "every entry fits" if found.ok else "NOT what was published"
    output.say(f"{found.entries} entries, head {found.head}: {verdict}")
    if found.key:
        output.say(f"{found.heads} heads signed with key {fingerprint(found.key)} fit, up to entry {found.signed}")
    for note in found.notes:
        output.say(f"note: {note}")
