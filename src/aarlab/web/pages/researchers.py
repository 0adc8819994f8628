"""The researchers of a study: who does what; one of them steered, paused, or let go on."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse, RedirectResponse

from aarlab.cli.steering import Action, researcher_of, set_control, tell
from aarlab.fleet.logs import Sign
from aarlab.report.costs import CostLine
from aarlab.web.desk import ADesk, Tab
from aarlab.web.studies import Study
from aarlab.wire import ResearcherState, SteerRequest

MOST_TEXT = 4000
"""Characters of a message."""
router = APIRouter()
tab = Tab("researchers", "Researchers")


@dataclass(frozen=True)
class Line:
    """One researcher."""

    view: ResearcherState
    """As `aarlab status` has it."""
    cost: CostLine
    """As `aarlab costs` has it."""
    sign: Sign | None
    """When its process was last heard; None where it has none."""


@router.get("/studies/{study}/researchers")
def researchers(desk: ADesk) -> HTMLResponse:
    """All of them."""
    with desk.reading() as study:
        return desk.page("researchers.html.j2", tab=tab, study=study, lines=_lines(study))


@router.get("/studies/{study}/researchers/{name}")
def researcher(desk: ADesk, name: str) -> HTMLResponse:
    """One of them."""
    with desk.reading() as study:
        known = researcher_of(study.paths, study.state, name, closed=True)
        line = next(line for line in _lines(study) if line.view.name == name)
        news = [*study.news_of.get(name, ())][::-1]
        return desk.page("researcher.html.j2", tab=tab, study=study, line=line, known=known, news=news)


@router.post("/studies/{study}/researchers/{name}/steer")
def steer(desk: ADesk, name: str, text: Annotated[str, Form(min_length=1, max_length=MOST_TEXT)]) -> RedirectResponse:
    """Sends it a message."""
    with desk.reading() as study:
        researcher_of(study.paths, study.state, name)
    later = tell(desk.study.paths, lambda operator: operator.steer(SteerRequest(researcher=name, text=text)))
    return desk.back(desk.address(f"researchers/{name}"), f"Your message to {name} is on record{later}.")


@router.post("/studies/{study}/researchers/{name}/{action}")
def control(
    desk: ADesk, name: str, action: Action, reason: Annotated[str, Form(max_length=300)] = ""
) -> RedirectResponse:
    """Runs, pauses or stops it."""
    with desk.reading() as study:
        known = researcher_of(study.paths, study.state, name)
    _, words = set_control(desk.study.paths, known, action, reason=reason.strip())
    return desk.back(desk.address(f"researchers/{name}"), words)


def _lines(study: Study) -> list[Line]:
    if not study.begun:
        return []
    costs, signs = {line.who: line for line in study.costs().lines}, study.signs()
    return [Line(one, costs[one.name], signs.get(one.name)) for one in study.view().researchers]
