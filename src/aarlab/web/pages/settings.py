"""The settings of a study, as its study file has them."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from aarlab.studyfile import dump_study
from aarlab.web.desk import ADesk, Tab

router = APIRouter()
tab = Tab("settings", "Settings")


@router.get("/studies/{study}/settings")
def settings(desk: ADesk) -> HTMLResponse:
    """All of them, each under what it is for."""
    with desk.reading() as study:
        return desk.page("settings.html.j2", tab=tab, study=study, text=dump_study(study.config))
