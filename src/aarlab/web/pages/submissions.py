"""What was handed in, to dev and to verify: its answer, how it was made, and what it led to."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import HTMLResponse, Response

from aarlab.errors import UserError
from aarlab.lab.measured import measured
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.standing import why
from aarlab.lab.trail import trail
from aarlab.lab.transfers import row as transfer_row
from aarlab.lab.views import submission as view
from aarlab.web.deciding import By, Reason, decide, login
from aarlab.web.desk import ADesk, Tab
from aarlab.web.paging import PageNumber, cut
from aarlab.web.studies import Study
from aarlab.wire import TRUST, Decision

DOORS = ("dev", "verify")
router = APIRouter()
tab = Tab("submissions", "Submissions")
Text = Annotated[str, Query(max_length=64)]


@router.get("/studies/{study}/submissions")
def submissions(
    desk: ADesk, door: Text = "", author: Text = "", status: Text = "", page: PageNumber = 1
) -> HTMLResponse:
    """All of them, the newest first."""
    with desk.reading() as study:
        if not study.begun:
            return desk.page("empty.html.j2", tab=tab, study=study, words="Nothing has been handed in yet.")
        records = list(study.state.submissions.values())[::-1]
        wanted = [one for one in records if _fits(one, door=door, author=author, status=status)]
        part = cut(wanted, page)
        facts: dict[str, Any] = {
            "part": part,
            "lines": [(one, view(study.state, one), study.state.proposals[one.proposal]) for one in part.items],
            "query": {"door": door, "author": author, "status": status},
            "doors": DOORS,
            "authors": list(dict.fromkeys(one.researcher for one in records[::-1])),
            "statuses": sorted({one.status for one in records}),
            "trust": TRUST,
        }
        return desk.page("submissions.html.j2", tab=tab, study=study, **facts)


@router.get("/studies/{study}/submissions/{submission}")
def one(desk: ADesk, submission: str) -> HTMLResponse:
    """One of them, whole."""
    with desk.reading() as study:
        record = _known(study, submission)
        found = trail(study.state, record.id)
        verified = record.door == "verify" and not record.pending
        facts: dict[str, Any] = {
            "one": view(study.state, record),
            "record": record,
            "proposal": study.state.proposals[record.proposal],
            "why": why(study.state, record.id),
            "measured": measured(record) if verified else None,
            "trail": found,
            "same": [view(study.state, other) for other in found.same_method],
            "transfers": [transfer_row(study.state, other) for other in found.transfers],
            "verified": verified,
            "by": login(),
            "trust": TRUST,
        }
        return desk.page("submission.html.j2", tab=tab, study=study, **facts)


@router.post("/studies/{study}/submissions/{submission}/decision")
def decide_on(desk: ADesk, submission: str, decision: Annotated[Decision, Form()], reason: Reason, by: By) -> Response:
    """A person's decision about a verified row: on its incidents, or on one that is raised for it."""
    with desk.reading() as study:
        _known(study, submission)
    return decide(desk, submission, decision, reason=reason, by=by, page=f"submissions/{submission}", tab=tab)


def _fits(one: SubmissionRecord, *, door: str, author: str, status: str) -> bool:
    return door in ("", one.door) and author in ("", one.researcher) and status in ("", one.status)


def _known(study: Study, submission: str) -> SubmissionRecord:
    if submission not in study.state.submissions:
        raise UserError(f"there is no submission {submission[:64]!r} in {study.name}")
    return study.state.submissions[submission]
