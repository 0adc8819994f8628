"""The dashboard's application: the pages, the static files, and how an error looks."""

from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from aarlab.api.identity import Door
from aarlab.errors import AarlabError, OperatorError
from aarlab.web import live
from aarlab.web.desk import Desk, Tab
from aarlab.web.guard import Guard
from aarlab.web.launching import Launcher
from aarlab.web.studies import Studies

PAGES = (
    "studies",
    "launch",
    "overview",
    "researchers",
    "board",
    "forum",
    "snapshots",
    "submissions",
    "incidents",
    "transcripts",
    "ledger",
    "settings",
)
"""Modules of aarlab.web.pages; the tabs of a study in this order."""
MOST_BYTES = 2**20
"""Of a form."""


def dashboard(root: Path, *, token: str) -> ASGIApp:
    """The dashboard of a studies folder, for who has the token."""
    app = FastAPI(title="aarlab", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.studies = Studies(root)
    app.state.launcher = Launcher()
    app.state.notes = {}
    app.state.tabs = list(_add_pages(app))
    app.include_router(live.router)
    app.mount("/static", StaticFiles(directory=str(files("aarlab.web") / "static")))
    for kind in (AarlabError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _failed)
    return Guard(Door(app, identity="operator", cap=lambda _: MOST_BYTES), token=token)


def _add_pages(app: FastAPI) -> Iterator[Tab]:
    """Adds all of them; the tabs of those that belong to a study."""
    for name in PAGES:
        module = import_module(f"aarlab.web.pages.{name}")
        app.include_router(module.router)
        if (tab := getattr(module, "tab", None)) is not None:
            yield tab


def _failed(request: Request, error: Exception) -> Response:
    """One line on a page: what is wrong and what to do."""
    if isinstance(error, HTTPException):
        status, words = error.status_code, str(error.detail)
    elif isinstance(error, RequestValidationError):
        first = error.errors()[0]
        status, words = 400, f"{'.'.join(str(part) for part in first['loc'][1:])[:100]}: {first['msg']}"
    else:
        status, words = (503 if isinstance(error, OperatorError) else 400), str(error)
    return Desk(request).page("failed.html.j2", status=status, words=words)
