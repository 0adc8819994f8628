"""aarlab join: a person at a terminal, or an agent over MCP, becomes a researcher of a study."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Study

if TYPE_CHECKING:
    import threading

    from aarlab.paths import StudyPaths

PATIENCE = 15.0
"""Seconds that an agent's client, when it starts us again, gives the one before to clean up."""
LINGER = 2.0
"""Seconds for calls that are under way when an agent's client has closed the input."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(join)


def join(
    study: Study = None,
    name: Annotated[
        str | None,
        typer.Option(help="Take part as person-NAME or agent-NAME; by default your login.", show_default=False),
    ] = None,
    command: Annotated[
        str | None, typer.Option(help="Run this in the workspace instead of a shell; its status is returned.")
    ] = None,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="For an agent: its tools over MCP on standard input and output.")
    ] = False,
) -> None:
    """Opens a workspace in a study: a shell in a researcher's sandbox, with the command `lab`; or, for an agent, tools.

    Works beside a running fleet, or alone: then the lab is opened for the time and the study's clock runs. Leave with
    `exit`, an agent by closing the input; the workspace is kept.
    """
    from aarlab.cli.study import locate
    from aarlab.errors import UserError
    from aarlab.fleet.seat import seat_lock

    terminal = _on_terminal() and not mcp
    if mcp and command is not None:
        raise UserError("--mcp and --command exclude each other")
    if command is None and not terminal and not mcp:
        raise UserError("a shell needs a terminal; --command runs one command without, --mcp is for agents")
    who, paths = _name(name, kind="agent" if mcp else "person"), locate(study)
    if mcp:
        _set_apart()
    with seat_lock(paths, name=who, patience=PATIENCE if mcp else 0.0):
        status = _sit(paths, who, command, terminal=terminal, mcp=mcp)
    raise typer.Exit(status)


def _set_apart() -> None:
    """Goes on in a child with a session of its own, for which this process waits.

    Clients kill a server that has not ended four seconds after they closed its input, and to close a lab takes longer
    where the machine is busy. So what is killed is the process that waits.
    """
    import os
    import signal

    child = os.fork()
    if child == 0:
        os.setsid()
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(child, number))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


def _on_terminal() -> bool:
    import sys

    return sys.stdin.isatty() and sys.stdout.isatty()


def _name(name: str | None, *, kind: str) -> str:
    """Raises UserError for letters that a researcher's name does not have."""
    import re

    from aarlab.cli.submit import identity
    from aarlab.errors import UserError

    if name is None:
        return identity(kind)
    if not re.fullmatch("[a-z0-9-]{1,24}", name):
        raise UserError(f"--name {name!r}: must be at most 24 small letters, digits and '-'")
    return f"{kind}-{name}"


def _sit(paths: "StudyPaths", who: str, command: str | None, *, terminal: bool, mcp: bool) -> int:
    from aarlab.cli.output import clean, warn
    from aarlab.cli.serving import serving
    from aarlab.fleet.agent_seat import AgentSeat
    from aarlab.fleet.seat import Seat
    from aarlab.fleet.study import open_study
    from aarlab.inside.pump import Pump

    def tell(text: str) -> None:
        end = "\r" if terminal else ""
        warn(f"{end}aarlab: {clean(text)}{end}")

    paths, config = open_study(paths.root)
    tell(f"{who} joins the study {config.study.name} in {paths.root}")
    make = AgentSeat if mcp else Seat
    with (
        _signals() as stopped,
        serving(paths, stop=stopped.is_set) as alone,
        _clock(paths, who, alone=alone),
        make(paths, config, name=who, alone=alone, tell=tell) as seat,
    ):
        if terminal and command is None:
            tell("README.md says how things work here; `lab --help` too; `exit` leaves")
        if isinstance(seat, AgentSeat):
            status = seat.serve(lambda socket, over: Pump(socket).run(over=over, linger=LINGER), stopped=stopped)
        else:
            status = seat.run(command, terminal=terminal, stopped=stopped)
    if seat.ended:
        tell(seat.ended)
    if not alone:
        _sweep(paths)
    return status


@contextmanager
def _clock(paths: "StudyPaths", who: str, *, alone: bool) -> Iterator[None]:
    """Working time runs while a person is at work; beside a fleet it runs already."""
    from aarlab.api.client import Operator
    from aarlab.wire import SessionRequest

    if not alone:
        yield
        return
    with Operator(paths.operator_socket, deadline=5.0) as operator:
        operator.session(SessionRequest(action="start"))
        try:
            yield
        finally:
            operator.session(SessionRequest(action="end", reason=f"{who} has left"))


@contextmanager
def _signals() -> Iterator["threading.Event"]:
    """Ctrl-C, SIGTERM and a terminal that is gone set the event."""
    import signal

    from aarlab.cli.signals import stop_on_signals

    with stop_on_signals() as stopped:
        before = signal.signal(signal.SIGHUP, lambda *_: stopped.set())
        try:
            yield stopped
        finally:
            signal.signal(signal.SIGHUP, before)


def _sweep(paths: "StudyPaths") -> None:
    """What a fleet that ended before us could not remove, because we were at work in it."""
    from contextlib import suppress

    from aarlab.errors import UserError
    from aarlab.fleet.study import hold
    from aarlab.lab.publish import clear_runtime

    with suppress(UserError), hold(paths):
        clear_runtime(paths)
