"""The overview of one study: how far it is, what it has found over hours and dollars, what is left; stop and resume."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from aarlab.cli.steering import DONE, tell
from aarlab.errors import UserError
from aarlab.fleet.study import request_stop
from aarlab.report.build import build_report
from aarlab.web.budgets import meters
from aarlab.web.curves import curves
from aarlab.web.desk import ADesk, Tab
from aarlab.web.launching import Launch, Launcher
from aarlab.web.studies import Study
from aarlab.wire import ControlRequest

BY_DASHBOARD = "asked on the dashboard"
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
SHOWN_NEWS = 25
router = APIRouter()
tab = Tab("", "Overview")


@dataclass(frozen=True)
class Standing:
    """Whether anybody is at work on a study."""

    word: Literal["new", "starting", "running", "interrupted", "stopped", "finished", "closed", "unreadable"]
    """"interrupted": it was at work and its process is gone."""
    reason: str
    """Why it is not at work, in a line; "" when nothing is to be said."""

    @property
    def at_work(self) -> bool:
        """Whether a fleet has it in hand."""
        return self.word in ("starting", "running")

    @property
    def resumable(self) -> bool:
        """Whether a fleet can be started on it."""
        return self.word in ("new", "interrupted", "stopped", "finished")


def standing_of(study: Study, launcher: Launcher) -> Standing:
    """For a study that is being read."""
    trouble = launcher.trouble(study.paths)
    if launcher.starting(study.paths, sessions=study.state.sessions):
        return Standing("starting", "the lab is being started")
    if not study.begun:
        return Standing("running", "the lab is loading the problem") if study.at_work else Standing("new", trouble)
    if study.state.closed:
        return Standing("closed", "its final set was opened")
    view = study.view()
    if study.at_work:
        return Standing("running", "")
    if view.state == "running":
        return Standing("interrupted", trouble or "nobody is at work on it; resume goes on where it was")
    return Standing(view.state, trouble or view.reason)


@router.get("/studies/{study}")
def overview(desk: ADesk, launch: Launch) -> HTMLResponse:
    """One study."""
    with desk.reading() as study:
        standing, report = standing_of(study, launch), study.paths.report.is_file()
        if not study.begun:
            return desk.page("begin.html.j2", tab=tab, study=study, standing=standing)
        costs, found = study.costs(), curves(study)
        return desk.page(
            "overview.html.j2",
            tab=tab,
            study=study,
            standing=standing,
            report=report,
            view=study.view(),
            costs=costs,
            meters=meters(costs),
            curves=found,
            news=[*study.news][: -SHOWN_NEWS - 1 : -1],
            signs=study.signs(),
        )


@router.post("/studies/{study}/stop")
def stop(desk: ADesk, reason: Annotated[str, Form(max_length=300)] = "") -> RedirectResponse:
    """Asks the fleet to stop; it does so within seconds."""
    asked = request_stop(desk.study.paths, reason=reason.strip() or BY_DASHBOARD)
    return desk.back(desk.address(), "The fleet stops." if asked else "Nobody is at work on it.")


@router.post("/studies/{study}/resume")
def resume(desk: ADesk, launch: Launch) -> RedirectResponse:
    """Starts the fleet again."""
    with desk.reading() as study:
        if study.state.closed:
            raise UserError(f"{study.name}: its final set was opened, so the study is closed")
        launch.start(study.paths, sessions=study.state.sessions)
    return desk.back(desk.address(), "The fleet is being started.")


@router.post("/studies/{study}/pause")
def pause(desk: ADesk) -> RedirectResponse:
    """Everybody waits, until told to go on."""
    return _everybody(desk, "pause")


@router.post("/studies/{study}/go-on")
def go_on(desk: ADesk, launch: Launch) -> RedirectResponse:
    """Everybody may work again; the fleet is started where it has ended because nobody worked."""
    answer = _everybody(desk, "run")
    with desk.reading() as study:
        if not study.at_work:
            launch.start(study.paths, sessions=study.state.sessions)
    return answer


@router.post("/studies/{study}/report")
def make_report(desk: ADesk) -> RedirectResponse:
    """Writes the report anew."""
    with desk.reading() as study:
        if not study.begun:
            raise UserError(f"{study.name}: there is nothing to report yet")
    build_report(desk.study.paths)
    return RedirectResponse(desk.address("report"), status_code=303)


@router.get("/studies/{study}/report")
def report(desk: ADesk) -> Response:
    """The report as it was made last: a page that can do nothing."""
    path = desk.study.paths.report
    if not path.is_file():
        raise UserError(f"{desk.name}: has no report yet; make one on its overview")
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY})


def _everybody(desk: ADesk, action: Literal["run", "pause"]) -> RedirectResponse:
    with desk.reading() as study:
        if study.state.closed or not study.begun:
            raise UserError(f"{study.name}: nobody can be told anything: it is closed, or has not begun")
    request = ControlRequest(action=action, reason=BY_DASHBOARD)
    later = tell(desk.study.paths, lambda operator: operator.control(request))
    return desk.back(desk.address(), f"Everybody {DONE[action].split(':')[0]}{later}.")
