"""The first page: all studies of the folder."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse

from aarlab.web.desk import AnyDesk
from aarlab.web.launching import Launch
from aarlab.web.pages.overview import Standing, standing_of
from aarlab.web.studies import Study
from aarlab.wire import StudyState

router = APIRouter()


@dataclass(frozen=True)
class Line:
    """One study in the list."""

    name: str
    """Of its folder."""
    standing: Standing
    """Whether somebody is at work on it."""
    view: StudyState | None
    """None before it has begun."""
    best: float | None
    """Value of the row of rank 1."""


@router.get("/")
def first() -> RedirectResponse:
    """The list has an address like all others."""
    return RedirectResponse("/studies", status_code=303)


@router.get("/studies")
def studies(desk: AnyDesk, launch: Launch) -> HTMLResponse:
    """All studies, the latest first."""
    lines, marks = [], []
    for one in desk.studies.all():
        with one.reading() as study:
            lines.append(_line(study, standing_of(study, launch)))
            marks.append(f"{study.name}:{study.mark}")
    return desk.page("studies.html.j2", lines=lines, root=desk.studies.root, mark=",".join(marks))


def _line(study: Study, standing: Standing) -> Line:
    if not study.begun:
        return Line(study.name, standing, None, None)
    best = next((row.value for row in study.board().rows if row.rank == 1 and not row.apart), None)
    return Line(study.name, standing, study.view(), best)
