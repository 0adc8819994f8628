"""A person's decision about an incident or a row, taken to the operator's door as `aarlab decide` does."""

import getpass
from typing import Annotated

from fastapi import Form

from aarlab.cli.serving import ask
from aarlab.errors import UserError
from aarlab.fleet.decisions import plan_decision
from aarlab.web.desk import StudyDesk
from aarlab.wire import Decision, DecisionRequest

Reason = Annotated[str, Form(max_length=2000)]
By = Annotated[str, Form(max_length=100)]


def login() -> str:
    """Who decides where nobody says another name."""
    return getpass.getuser()


def decide(desk: StudyDesk, about: str, decision: Decision, *, reason: str, by: str) -> str:
    """Decides, opening the lab where nobody has; what was done, in a line. Raises UserError without a reason."""
    reason, by = reason.replace("\r\n", "\n").strip(), by.strip()
    if not reason or not by:
        raise UserError("a decision has a reason and a name: everybody may read them")
    request = DecisionRequest(decision=decision, reason=reason, by=by)
    with desk.reading() as study:
        plan = plan_decision(study.state, about, decision)
    names = ask(desk.study.paths, lambda operator: plan.carry_out(operator, request))
    return f"{', '.join(names)}: {decision} by {by}"
