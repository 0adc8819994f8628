"""aarlab redteam: known attacks, tried on a naive scorer and on this very installation."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json

if TYPE_CHECKING:
    from threading import Event

    from aarlab.redteam.attack import Attack, Blow
    from aarlab.redteam.suite import Row


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(redteam)


def redteam(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="Only this attack; may be repeated.", show_default=False),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the attacks and run none.")] = False,
    as_json: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder of the labs that were attacked.")] = False,
) -> None:
    """Attacks this installation and a naive scorer. Status 1 when an attack works here, or does not work there."""
    from aarlab.cli import output
    from aarlab.redteam.suite import choose

    attacks = choose(only or ())
    if listed:
        facts = [{"attack": attack.name, "kind": attack.kind, "summary": attack.summary} for attack in attacks]
        rows = [tuple(fact.values()) for fact in facts]
        output.emit(facts, as_json=as_json, render=lambda: output.show(output.table(("attack", "kind", "what"), rows)))
        return
    with _interruptible() as asked:
        found = _fight(attacks, quiet=as_json, keep=keep, asked=asked)
    output.emit([row.facts() for row in found], as_json=as_json, render=lambda: _show(found))
    if not all(row.passed for row in found):
        raise typer.Exit(1)


@contextmanager
def _interruptible() -> "Iterator[Event]":
    """Ctrl-C and SIGTERM end the labs and remove their folder, then the command with status 130.

    They also set the event: Python drops an exception that comes while it runs a finaliser.
    """
    import signal
    from threading import Event

    asked = Event()

    def handle(*_: object) -> None:
        asked.set()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
        _stop_if(asked)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_if(asked: "Event") -> None:
    if asked.is_set():
        raise KeyboardInterrupt


def _fight(attacks: "tuple[Attack, ...]", *, quiet: bool, keep: bool, asked: "Event") -> "list[Row]":
    from aarlab.cli.output import say, warn
    from aarlab.redteam.suite import arena, fight

    found = []
    with arena(keep=keep) as (folder, ground):
        if keep:
            warn(f"aarlab: the labs are in {folder}")
        for number, attack in enumerate(attacks, start=1):
            _stop_if(asked)
            place = f"[{number}/{len(attacks)}] {attack.name}"
            with _working(f"{place}: {attack.summary}", quiet=quiet):
                found.append(fight(attack, folder, ground))
            if not quiet:
                say(f"{place}\n    naive: {found[-1].naive.words}\n    ours:  {found[-1].ours.words}")
    return found


def _working(text: str, *, quiet: bool) -> AbstractContextManager[object]:
    """On a terminal, a line that says what is going on."""
    from aarlab.cli.output import console

    return console().status(text) if console().is_terminal and not quiet else nullcontext()


def _show(rows: "list[Row]") -> None:
    from aarlab.cli import output

    cells = [
        (row.attack.name, _ended(row.naive, "worked", "FAILED"), _ours(row.ours), f"{row.seconds:.1f}") for row in rows
    ]
    output.say()
    output.show(output.table(("attack", "naive scorer", "ours", "seconds"), cells, right=(3,)))
    lost = [row.attack.name for row in rows if row.ours.worked]
    idle = [row.attack.name for row in rows if not row.naive.worked]
    output.say(f"\n{len(rows)} attacks: {len(rows) - len(lost)} held, {len(lost)} lost{_named(lost)}")
    if idle:
        output.say(f"not seen to work on the naive scorer, so proving nothing{_named(idle)}")


def _ours(blow: "Blow") -> str:
    return f"{_ended(blow, 'LOST', 'held')} (bound {blow.bound:g})"


def _ended(blow: "Blow", worked: str, failed: str) -> str:
    return f"{worked if blow.worked else failed}: {round(blow.number, 1):g} {blow.unit}"


def _named(names: list[str]) -> str:
    return f": {', '.join(names)}" if names else ""
