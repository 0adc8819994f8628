"""What researchers and their language models say to each other, as it happens; long ones a page at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, StreamingResponse

from aarlab.errors import UserError
from aarlab.report.transcripts.entries import Entry, words
from aarlab.report.transcripts.pages import Pages
from aarlab.report.transcripts.reader import transcripts as files_of
from aarlab.web.desk import ADesk, Tab
from aarlab.web.live import LOOK_SECONDS, stream
from aarlab.web.studies import Study

MOST = 20_000
"""Characters of one text that a page shows; `aarlab transcript` has all."""
router = APIRouter()
tab = Tab("transcripts", "Transcripts")


@dataclass(frozen=True)
class Line:
    """One transcript in the list."""

    name: str
    """Of the researcher."""
    mind: str
    """What decides for it."""
    kilobytes: float
    """Size of the file."""


@router.get("/studies/{study}/transcripts")
def transcripts(desk: ADesk) -> HTMLResponse:
    """Who has one."""
    with desk.reading() as study:
        known, found = study.state.researchers, _files(study)
        lines = [Line(name, known[name].mind, path.stat().st_size / 1024) for name, path in found.items()]
        return desk.page("transcripts.html.j2", tab=tab, study=study, lines=lines)


@router.get("/studies/{study}/transcripts/{name}")
def transcript(
    desk: ADesk,
    name: str,
    page: Annotated[int | None, Query(ge=1, le=10**6)] = None,
    q: Annotated[str, Query(max_length=300)] = "",
) -> HTMLResponse:
    """One page of one transcript, by default the last, which grows; with `q` only its entries that have these words."""
    with desk.reading() as study:
        path = _path(study, name)
    with _readable():
        found = _pages(path).page(page)  # not inside `reading`: a long one is read for seconds the first time
    with desk.reading() as study:
        entries = [(type(one).__name__, one) for one in found.entries if _has(one, q)]
        facts: dict[str, Any] = {
            "name": name,
            "part": found,
            "entries": entries,
            "q": q,
            "most": MOST,
            "last": page is None,
        }
        return desk.page("transcript.html.j2", tab=tab, study=study, **facts)


@router.get("/studies/{study}/transcripts/{name}/live")
async def live(desk: ADesk, request: Request, name: str, known: str = "") -> StreamingResponse:
    """News of one transcript: how long its file is."""
    with desk.reading() as study:
        path = _path(study, name)
    return stream(request, lambda: str(_size(path)), known=known, every=LOOK_SECONDS)


def _files(study: Study) -> dict[str, Path]:
    """Transcripts of those who take part; another file in the folder is none of ours."""
    there = files_of(study.paths.transcripts)
    return {name: there[name] for name in study.state.researchers if name in there}


def _path(study: Study, name: str) -> Path:
    found = _files(study)
    if name not in found:
        has = f"there are those of {', '.join(found)}" if found else "nobody has one"
        raise UserError(f"{name[:40]!r} has no transcript; {has}")
    return found[name]


@lru_cache(maxsize=256)
def _pages(path: Path) -> Pages:
    """Kept, so that a long transcript is read from its beginning once."""
    return Pages(path)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _has(entry: Entry, q: str) -> bool:
    return q.strip().lower() in words(entry).lower()


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise UserError(f"{error.filename}: may not be read by this user") from None
