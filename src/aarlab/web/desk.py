"""What every page is handed: the studies, the one that its address names, and how HTML is made of it."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from aarlab.cli.views import clock, interval, signed
from aarlab.quote import visible
from aarlab.report.markdown import render_markdown
from aarlab.web.studies import Studies, Study

MOST_NOTES = 64
"""Messages that wait for the page after a form."""


@dataclass(frozen=True)
class Tab:
    """Where a page of a study is, and what it is called."""

    path: str
    """Behind /studies/NAME/; "" is the overview."""
    title: str
    """A word or two."""


class Desk:
    """The whole dashboard, as a page sees it."""

    def __init__(self, request: Request) -> None:
        """For one request."""
        self._request = request
        self.studies: Studies = request.app.state.studies

    def page(self, template: str, *, tab: Tab | None = None, status: int = 200, **facts: Any) -> HTMLResponse:
        """HTML of a template in templates/; `tab` marks the place in the navigation of a study."""
        tabs: Sequence[Tab] = self._request.app.state.tabs
        note = self._notes.pop(self._request.query_params.get("note", ""), "")
        html = environment().get_template(template).render(tabs=tabs, tab=tab, note=note, **facts)
        return HTMLResponse(html, status_code=status)

    def back(self, address: str, note: str = "") -> RedirectResponse:
        """After a form: on to a page, which shows `note` once."""
        if note:
            key = secrets.token_urlsafe(9)
            self._notes[key] = note
            while len(self._notes) > MOST_NOTES:
                del self._notes[next(iter(self._notes))]
            address += f"?note={key}"
        return RedirectResponse(address, status_code=303)

    @property
    def _notes(self) -> dict[str, str]:
        notes: dict[str, str] = self._request.app.state.notes
        return notes


class StudyDesk(Desk):
    """The same with the study that the address names."""

    def __init__(self, request: Request, study: str) -> None:
        """Raises UserError where there is no such study."""
        super().__init__(request)
        self.name = study
        self.study = self.studies.get(study)

    @contextmanager
    def reading(self) -> Iterator[Study]:
        """The study, up to date and still for as long as this lasts: pages are rendered inside."""
        with self.study.reading() as study:
            yield study

    def address(self, path: str = "") -> str:
        """Of a page of this study."""
        return address(self.name, path)


def address(study: str, path: str = "") -> str:
    """Of a page of a study."""
    return f"/studies/{quote(study)}/{path}".rstrip("/")


def _study_desk(request: Request, study: str) -> StudyDesk:
    return StudyDesk(request, study)


AnyDesk = Annotated[Desk, Depends(Desk)]
"""A page's parameter of this type is the dashboard."""
ADesk = Annotated[StudyDesk, Depends(_study_desk)]
"""And of this type, where the address has {study}, that study."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates that escape everything."""
    made = Environment(
        loader=PackageLoader("aarlab.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"markdown": render_markdown, "signed": signed, "clock": clock, "seen": seen, "moment": moment}
    made.globals |= {"interval": interval, "address": address}
    return made


def moment(seconds: float) -> str:
    """A time of the ledger, in UTC."""
    return datetime.fromtimestamp(float(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S")


def seen(text: str) -> str:
    """Text of others without what nobody sees or what turns the direction of writing."""
    return "\n".join(visible(line) for line in text.splitlines())
