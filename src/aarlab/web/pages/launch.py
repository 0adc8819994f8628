"""A new study: from a short form, or from a study file that is pasted or chosen."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, Response

from aarlab.errors import AarlabError, UserError
from aarlab.settings import StudyConfig
from aarlab.studyfile import dump_study
from aarlab.web.desk import AnyDesk, Desk, address
from aarlab.web.forms import config_of_form, config_of_text, default_text, fields
from aarlab.web.launching import Launch, Launcher

router = APIRouter()
PASTED = "the study file"


@router.get("/launch")
def form(desk: AnyDesk, like: str = "") -> HTMLResponse:
    """The empty form; with `like` the study file is that of another study."""
    text = ""
    if like:
        with desk.studies.get(like).reading() as study:
            text = dump_study(study.config)
    return _page(desk, {}, text=text)


@router.post("/launch/form")
async def launch_form(request: Request, desk: AnyDesk, launch: Launch) -> Response:
    """Launches what the form says."""
    async with request.form() as filled:
        values = {name: value for name, value in filled.items() if isinstance(value, str)}

    def begin() -> Response:
        try:
            return _begin(desk, launch, config_of_form(values))
        except AarlabError as error:
            return _page(desk, values, error=str(error))

    return await run_in_threadpool(begin)


@router.post("/launch/file")
async def launch_file(request: Request, desk: AnyDesk, launch: Launch) -> Response:
    """Launches a study file; one that was chosen counts before what is pasted."""
    async with request.form() as filled:
        pasted, chosen = str(filled.get("text", "")), filled.get("file")
        upload = chosen if isinstance(chosen, UploadFile) and chosen.filename else None
        data, source = (await upload.read(), str(upload.filename)) if upload else (pasted.encode(), PASTED)

    def begin() -> Response:
        try:
            return _begin(desk, launch, config_of_text(_text(data, source=source), source=source))
        except AarlabError as error:
            return _page(desk, {}, text=data.decode(errors="replace"), error=str(error))

    return await run_in_threadpool(begin)


def _begin(desk: Desk, launcher: Launcher, config: StudyConfig) -> Response:
    paths = launcher.launch(config, root=desk.studies.root)
    return desk.back(address(paths.root.name), f"{paths.root.name} is being started.")


def _text(data: bytes, *, source: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UserError(f"{source}: is not UTF-8 text; a study file is TOML") from None
    if not text.strip():
        raise UserError(f"{source}: is empty; paste a study file, or choose one")
    return text


def _page(desk: Desk, values: dict[str, str], *, text: str = "", error: str = "") -> HTMLResponse:
    """What was filled in stays."""
    shown: dict[str, Any] = {"fields": fields(values), "text": text, "example": default_text(), "error": error}
    return desk.page("launch.html.j2", status=400 if error else 200, **shown)
