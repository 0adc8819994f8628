"""A person's decision about an incident or a row, taken to the operator's door as `aarlab decide` does."""

import getpass
from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from aarlab.cli.serving import ask
from aarlab.errors import AarlabError, UserError
from aarlab.fleet.decisions import plan_decision
from aarlab.web.desk import StudyDesk, Tab
from aarlab.wire import TRUST, Decision, DecisionRequest

Reason = Annotated[str, Form(max_length=4000)]
By = Annotated[str, Form(max_length=400)]
MOST_REASON, MOST_BY = 2000, 100
"""Characters, as in wire.DecisionRequest."""


def login() -> str:
    """Who decides where nobody says another name."""
    return getpass.getuser()


def decide(desk: StudyDesk, about: str, decision: Decision, *, reason: str, by: str, page: str, tab: Tab) -> Response:
    """Decides about an incident or a submission, opening the lab where nobody has, and goes back to its `page`.

    Where that is refused the form comes again, with what was written.
    """
    try:
        words = _decided(desk, about, decision, reason=reason.replace("\r\n", "\n").strip(), by=by.strip())
    except AarlabError as error:
        values = {"decision": decision, "reason": reason, "by": by}
        facts = {"words": str(error), "kinds": (), "values": values, "about": about, "trust": TRUST}
        with desk.reading() as study:
            action = f"{desk.address(page)}/decision"
            return desk.page("refused.html.j2", status=400, tab=tab, study=study, action=action, **facts)
    return desk.back(desk.address(page), words)


def _decided(desk: StudyDesk, about: str, decision: Decision, *, reason: str, by: str) -> str:
    if not (0 < len(reason) <= MOST_REASON and 0 < len(by) <= MOST_BY):
        raise UserError(f"a decision has a reason (to {MOST_REASON} characters) and a name (to {MOST_BY})")
    request = DecisionRequest(decision=decision, reason=reason, by=by)
    with desk.reading() as study:
        plan = plan_decision(study.state, about, decision)
    names = ask(desk.study.paths, lambda operator: plan.carry_out(operator, request))
    return f"{', '.join(names)}: {decision} by {by}"
