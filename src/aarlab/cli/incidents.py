"""aarlab incidents | decide | disqualify | reinstate | reply: what may not be honest, and what people made of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aarlab.lab.state import State
    from aarlab.wire import Evidence

Reason = Annotated[str, typer.Option("--reason", help="Why; everybody may read it.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; by default your login.", show_default=False)]
About = Annotated[str, typer.Argument(metavar="ID", help="An incident, or a submission (as `aarlab board` shows it).")]
WORDS = {"valid": "valid", "apart": "listed apart", "disqualified": "disqualified"}
"""What a person types -> what it is called."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (incidents, decide, disqualify, reinstate, reply):
        app.command()(command)


def incidents(
    about: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="An incident, to see its evidence; or a submission.", show_default=False),
    ] = None,
    undecided: Annotated[bool, typer.Option("--open", help="Only what nobody has decided, or was appealed.")] = False,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes, too; --json always has them.")] = False,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """What may not be honest, and what was decided; with an ID the whole evidence. Quoted text is the researchers'."""
    from aarlab.cli import output, views_incidents
    from aarlab.cli.study import locate, read_state
    from aarlab.lab.evidence import bundle
    from aarlab.lab.incidents import evidence

    paths = locate(study)
    state = read_state(paths)
    found = evidence(state)
    if about is not None and about.startswith("i-"):
        one = bundle(paths, state, _one(found, about))
        output.emit(one, as_json=as_json, render=lambda: output.say(views_incidents.bundle_text(one)))
        return
    if about is not None:
        submission = _submission(state, about)
        found, notes = tuple(one for one in found if one.submission == submission), True
    shown = [one for one in found if one.phase != "decided" or not undecided]
    output.emit(shown, as_json=as_json, render=lambda: _show(shown, notes=notes))


def _show(found: "Sequence[Evidence]", *, notes: bool) -> None:
    from aarlab.cli import output, views_incidents

    shown = [one for one in found if notes or one.level != "note" or one.decision is not None]
    output.show(views_incidents.incidents_table(shown))
    if hidden := len(found) - len(shown):
        output.say(f"({hidden} notes for the record: --notes)")


def decide(
    about: About,
    decision: Annotated[str, typer.Argument(help=" | ".join(WORDS))],
    reason: Reason,
    by: By = None,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Decides an incident. A later decision replaces an earlier one; both stay in the ledger."""
    from aarlab.errors import UserError
    from aarlab.studyfile import suggest

    if decision not in WORDS:
        raise UserError(f"{decision}: no such decision{suggest(decision, WORDS)}; there are {', '.join(WORDS)}")
    _decide(about, WORDS[decision], reason, by=by, study=study, as_json=as_json)


def disqualify(about: About, reason: Reason, by: By = None, study: Study = None, as_json: Json = False) -> None:
    """Takes a verified row out of the ranking, with a reason that everybody sees. It can be undone: reinstate."""
    _decide(about, "disqualified", reason, by=by, study=study, as_json=as_json)


def reinstate(about: About, reason: Reason, by: By = None, study: Study = None, as_json: Json = False) -> None:
    """Finds a row valid that was disqualified, listed apart or under review."""
    _decide(about, "valid", reason, by=by, study=study, as_json=as_json)


def reply(
    incident: Annotated[str, typer.Argument(help="An incident about work of yours.")],
    text: Annotated[Path, typer.Argument(metavar="FILE", help="What you have to say, as text.")],
    appeal: Annotated[bool, typer.Option("--appeal", help="Ask that somebody decides again.")] = False,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Answers an incident about work that you have handed in with `aarlab submit`."""
    from aarlab.api.client import Door
    from aarlab.cli import output
    from aarlab.cli.serving import serving
    from aarlab.cli.study import locate, read_state
    from aarlab.cli.submit import identity, read_text
    from aarlab.errors import ResearcherError, UserError
    from aarlab.wire import AnswerRequest

    said, paths, name = read_text(text), locate(study), identity()
    if name not in read_state(paths).researchers:
        raise UserError(f"{name} has handed nothing in to this study, so nothing is about it")
    with serving(paths), Door(paths.socket_folder(name) / "lab.sock") as door:
        found = next((one.id for one in door.incidents() if one.id.startswith(incident)), incident)
        try:
            door.answer(found, AnswerRequest(text=said, appeal=appeal))
        except ResearcherError as error:
            raise UserError(f"refused by the lab: {error}") from None
    data = {"incident": found, "appeal": appeal}
    output.emit(data, as_json=as_json, render=lambda: output.say(f"{found}: your answer is on record"))


def _decide(about: str, decision: str, reason: str, *, by: str | None, study: Path | None, as_json: bool) -> None:
    import getpass

    from aarlab.cli import output
    from aarlab.cli.serving import ask
    from aarlab.cli.study import locate, read_state
    from aarlab.errors import UserError
    from aarlab.fleet.decisions import plan_decision
    from aarlab.lab.incidents import evidence
    from aarlab.wire import DecisionRequest

    if not reason.strip():
        raise UserError("--reason is empty; say why, everybody may read it")
    fields = {"decision": decision, "reason": reason.strip(), "by": by or getpass.getuser()}
    request, paths = DecisionRequest.model_validate(fields), locate(study)
    state = read_state(paths)
    target = _one(evidence(state), about).id if about.startswith("i-") else _submission(state, about)
    plan = plan_decision(state, target, request.decision)
    names = ask(paths, lambda operator: plan.carry_out(operator, request))
    data = {"incidents": names, **request.model_dump()}
    output.emit(data, as_json=as_json, render=lambda: output.say(f"{', '.join(names)}: {decision} by {request.by}"))


def _submission(state: "State", name: str) -> str:
    from aarlab.errors import UserError

    found = [entry for entry in state.submissions if entry.startswith(name)]
    if len(found) != 1:
        raise UserError(f"{name}: {len(found)} submissions or incidents have an id that begins so; `aarlab board`")
    return found[0]


def _one(incidents: "Sequence[Evidence]", name: str) -> "Evidence":
    from aarlab.errors import UserError

    found = [one for one in incidents if one.id.startswith(name)]
    if len(found) != 1:
        raise UserError(f"{name}: {len(found)} incidents have an id that begins so; `aarlab incidents` lists them")
    return found[0]
