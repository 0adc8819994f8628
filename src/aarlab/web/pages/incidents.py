"""Incidents: what may not be honest, its evidence, what the researcher says to it, and a person's decision."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import HTMLResponse, Response

from aarlab.errors import UserError
from aarlab.lab.evidence import bundle
from aarlab.lab.incidents import evidence
from aarlab.lab.standing import standing
from aarlab.web.bodies import shown
from aarlab.web.deciding import By, Reason, decide, login
from aarlab.web.desk import ADesk, Tab
from aarlab.web.difference import MOST, differences
from aarlab.web.paging import PageNumber, cut
from aarlab.web.studies import Study
from aarlab.wire import Decision, Evidence

PHASES = ("open", "appealed", "decided")
LEVELS = ("quarantine", "warning", "note")
router = APIRouter()
tab = Tab("incidents", "Incidents")
Text = Annotated[str, Query(max_length=64)]


@router.get("/studies/{study}/incidents")
def incidents(desk: ADesk, level: Text = "", phase: Text = "", author: Text = "", page: PageNumber = 1) -> HTMLResponse:
    """All of them, what waits for a person first; notes only where they are asked for."""
    with desk.reading() as study:
        if not study.begun:
            return desk.page("empty.html.j2", tab=tab, study=study, words="None was raised.")
        found = sorted(evidence(study.state), key=_urgency)
        part = cut([one for one in found if _fits(one, level=level, phase=phase, author=author)], page)
        facts: dict[str, Any] = {
            "part": part,
            "query": {"level": level, "phase": phase, "author": author},
            "levels": LEVELS,
            "phases": PHASES,
            "authors": sorted({one.researcher for one in found}),
            "waiting": sum(one.level == "quarantine" and one.phase != "decided" for one in found),
            "notes": sum(one.level == "note" and one.decision is None for one in found) if not level else 0,
        }
        return desk.page("incidents.html.j2", tab=tab, study=study, **facts)


@router.get("/studies/{study}/incidents/{incident}")
def one(desk: ADesk, incident: str) -> HTMLResponse:
    """All that is known of one."""
    with desk.reading() as study:
        found = _known(study, incident)
        known = bundle(study.paths, study.state, found)
        facts: dict[str, Any] = {
            "one": found,
            "bundle": known,
            "standing": standing(study.state, found.submission) if found.submission else "",
            "entries": [(entry, shown(entry["body"])) for entry in known.entries],
            "diffs": {name: differences(text) for name, text in known.diffs.items()},
            "most": MOST,
            "by": login(),
        }
        return desk.page("incident.html.j2", tab=tab, study=study, **facts)


@router.post("/studies/{study}/incidents/{incident}/decision")
def decide_on(desk: ADesk, incident: str, decision: Annotated[Decision, Form()], reason: Reason, by: By) -> Response:
    """A person's decision; a later one replaces it."""
    with desk.reading() as study:
        _known(study, incident)
    return decide(desk, incident, decision, reason=reason, by=by, page=f"incidents/{incident}", tab=tab)


def _urgency(one: Evidence) -> tuple[bool, int]:
    return one.phase == "decided", LEVELS.index(one.level)


def _fits(one: Evidence, *, level: str, phase: str, author: str) -> bool:
    note = one.level == "note" and one.decision is None and not level
    return not note and level in ("", one.level) and phase in ("", one.phase) and author in ("", one.researcher)


def _known(study: Study, incident: str) -> Evidence:
    found = next((one for one in evidence(study.state) if one.id == incident), None)
    if found is None:
        raise UserError(f"there is no incident {incident[:64]!r} in {study.name}")
    return found
