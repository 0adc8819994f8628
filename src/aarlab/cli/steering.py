"""aarlab steer | pause | replace, and one researcher's part of resume and stop: the operator's word to a researcher."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aarlab.cli.options import Json, Sets, Study

if TYPE_CHECKING:
    from collections.abc import Callable

    from aarlab.api.client import Operator
    from aarlab.lab.records import Researcher
    from aarlab.lab.state import State
    from aarlab.paths import StudyPaths
    from aarlab.settings import MindSettings

Name = Annotated[str, typer.Argument(metavar="RESEARCHER", help="As `aarlab status` lists them.")]
OneOf = Annotated[
    str | None,
    typer.Option("--researcher", metavar="NAME", help="Only this researcher, not the study.", show_default=False),
]
Action = Literal["run", "pause", "stop"]
DONE = {
    "run": "may work",
    "pause": "is paused: it asks no model and hands nothing in until `aarlab resume --researcher {name}`",
    "stop": "finishes: it may send its best to verify, and the study goes on",
}
"""What an action has done, in words."""
ALREADY = {"run": "is not paused or stopped", "pause": "is paused already", "stop": "is stopped already"}
LATER = "; nobody is at work on the study, so it takes effect when it goes on (`aarlab resume`)"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (steer, pause, replace):
        app.command()(command)


def steer(
    researcher: Name,
    text: Annotated[str, typer.Argument(help="What to tell it.")],
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Sends one researcher a message: a model reads it between two turns, a person in the shell; it is on record."""
    from aarlab.cli import output
    from aarlab.wire import SteerRequest

    paths, known = _found(study, researcher)
    later = tell(paths, lambda operator: operator.steer(SteerRequest(researcher=known.name, text=text)))
    data = {"researcher": known.name, "text": text, "running": not later}
    output.emit(data, as_json=as_json, render=lambda: output.say(f"{known.name}: your message is on record{later}"))


def pause(
    researcher: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is on record.")] = "",
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Lets one researcher wait, between two turns or trials; its money is saved.

    `aarlab resume --researcher` lets it go on.
    """
    control(researcher, "pause", reason=reason, study=study, as_json=as_json)


def control(name: str, action: Action, *, reason: str, study: Path | None, as_json: bool) -> None:
    """Runs, pauses or stops one researcher; says so where that is the case already. Raises UserError."""
    from aarlab.cli import output
    from aarlab.fleet.study import running

    paths, known = _found(study, name)
    changed, words = set_control(paths, known, action, reason=reason.strip())
    data = {"researcher": known.name, "action": action, "reason": reason.strip(), "changed": changed}
    data |= {"running": running(paths) is not None}
    output.emit(data, as_json=as_json, render=lambda: output.say(words))


def set_control(paths: "StudyPaths", known: "Researcher", action: Action, *, reason: str) -> tuple[bool, str]:
    """Runs, pauses or stops one researcher: whether that changed anything, and what was done, in a line."""
    from aarlab.cli.output import one_line
    from aarlab.fleet.crew import GIVEN_UP
    from aarlab.fleet.orchestrator import SESSION_ENDS
    from aarlab.wire import ControlRequest

    if known.control == action and not known.reason.startswith((GIVEN_UP, SESSION_ENDS)):
        return False, f"{known.name} {ALREADY[action]}{f' ({one_line(known.reason)})' if known.reason else ''}"
    request = ControlRequest(action=action, researcher=known.name, reason=reason)
    later = tell(paths, lambda operator: operator.control(request))
    return True, f"{known.name} {DONE[action].format(name=known.name)}{later}"


def replace(researcher: Name, changes: Sets = None, study: Study = None, as_json: Json = False) -> None:
    """Gives one researcher another mind: --set minds.kind=... --set minds.model=...

    Its process is ended and started anew; name, notes, workspace, caps and what it has handed in stay.
    """
    from aarlab.cli import output
    from aarlab.wire import ReplaceRequest

    paths, known = _found(study, researcher)
    minds = _new_minds(paths, known, list(changes or ()))
    request = ReplaceRequest(researcher=known.name, minds=minds.model_dump(mode="json"))
    later = tell(paths, lambda operator: operator.replace(request))
    data = {"researcher": known.name, "before": known.mind, "mind": minds.words, "running": not later}
    words = f"{known.name}: {minds.words} takes over from {known.mind}{later}"
    output.emit(data, as_json=as_json, render=lambda: output.say(words))


def _new_minds(paths: "StudyPaths", known: "Researcher", changes: list[str]) -> "MindSettings":
    """Tried out here, so that what is missing is said before anything is on record."""
    from aarlab.errors import UserError
    from aarlab.fleet.researcher import make_mind
    from aarlab.fleet.roster import roster
    from aarlab.fleet.study import open_study
    from aarlab.lab.office import HUMAN
    from aarlab.settings import MindSettings
    from aarlab.studyfile import changed_minds

    if known.mind == HUMAN:
        raise UserError(f"{known.name} is a person, whose mind is not replaced")
    if not changes:
        raise UserError("say what is new, for example --set minds.kind=llm --set minds.model=PROVIDER/MODEL")
    config = open_study(paths.root)[1]
    first = {place.name: place.minds for place in roster(config)}.get(known.name, config.minds)
    now = first if known.minds is None else MindSettings.model_validate(known.minds)
    minds = changed_minds(now, changes)
    make_mind(minds, price=config.price)
    return minds


def _found(study: Path | None, name: str) -> "tuple[StudyPaths, Researcher]":
    """The study and the researcher. Raises UserError where there is no such one, or the study is closed."""
    from aarlab.cli.study import locate, read_state

    paths = locate(study)
    return paths, researcher_of(paths, read_state(paths), name)


def researcher_of(paths: "StudyPaths", state: "State", name: str, *, closed: bool = False) -> "Researcher":
    """A researcher that the operator may still speak to, or with `closed` may once have. Raises UserError."""
    from aarlab.errors import UserError
    from aarlab.studyfile import suggest

    if state.closed and not closed:
        raise UserError(f"{paths.root}: its final set was opened, so the study is closed")
    if name not in state.researchers:
        known = ", ".join(state.researchers) or "none yet"
        raise UserError(f"there is no researcher {name!r}{suggest(name, state.researchers)}; there are: {known}")
    return state.researchers[name]


def tell(paths: "StudyPaths", ask: "Callable[[Operator], None]") -> str:
    """Has the lab record it, opening the lab where nobody has; then LATER, else nothing."""
    from aarlab.api.client import Operator
    from aarlab.cli.serving import serving

    with serving(paths) as alone, Operator(paths.operator_socket) as operator:
        ask(operator)
    return LATER if alone else ""
