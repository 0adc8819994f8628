"""The first page: all studies of the folder."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse

from aarlab.errors import AarlabError
from aarlab.lab.board import leader
from aarlab.web.desk import AnyDesk
from aarlab.web.launching import Launch, Launcher
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
    mark = desk.studies.pulse()  # before the pages are made, so that nothing that comes between is missed
    lines = [_line(study, launch) for study in desk.studies.all()]
    return desk.page("studies.html.j2", lines=lines, root=desk.studies.root, mark=mark)


def _line(one: Study, launcher: Launcher) -> Line:
    """A study that cannot be read hides no other."""
    try:
        with one.reading() as study:
            standing = standing_of(study, launcher)
            if not study.begun:
                return Line(study.name, standing, None, None)
            best = leader(study.board().rows)
            return Line(study.name, standing, study.view(), best.value if best else None)
    except AarlabError as error:
        return Line(one.name, Standing("unreadable", str(error)), None, None)
