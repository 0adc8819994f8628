"""The ledger: its head, its entries by kind, and the check that anybody can make."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, RedirectResponse

from aarlab.errors import UserError
from aarlab.lab.audit import audit
from aarlab.lab.heads import Head, fingerprint, read_heads
from aarlab.lab.sqlite_store import count_events, newest_events
from aarlab.web.bodies import shown
from aarlab.web.desk import ADesk, Tab
from aarlab.web.studies import Study

LENGTH = 100
"""Entries of a page."""
router = APIRouter()
tab = Tab("ledger", "Ledger")


@router.get("/studies/{study}/ledger")
def ledger(
    desk: ADesk,
    kind: Annotated[str, Query(max_length=64)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> HTMLResponse:
    """The entries before one, by default the newest, of one kind or of all."""
    with desk.reading() as study:
        if not study.begun:
            return desk.page("empty.html.j2", tab=tab, study=study, words="Nothing is on record yet.")
        counts = count_events(study.paths.database)
        end = before or study.state.seq + 1
        found = newest_events(study.paths.database, before=end, kind=kind or None, most=LENGTH + 1)
        facts: dict[str, Any] = {
            "entries": [(event, shown(event.body)) for event in found[:LENGTH]],
            "older": found[LENGTH - 1].seq if len(found) > LENGTH else None,
            "before": before,
            "kind": kind,
            "counts": counts,
            "newest": _newest_head(study),
            "fingerprint": fingerprint,
        }
        return desk.page("ledger.html.j2", tab=tab, study=study, **facts)


@router.post("/studies/{study}/ledger/check")
def check(desk: ADesk) -> HTMLResponse:
    """Checks every entry and all signed heads now. Changes nothing; a POST, because it costs time."""
    with desk.reading() as study:
        if not study.begun:
            raise UserError(f"{study.name}: nothing is on record yet")
    begin = time.monotonic()
    found = audit(desk.study.paths)  # not inside `reading`: other pages need not wait for it
    seconds = time.monotonic() - begin
    with desk.reading() as study:
        return desk.page("audit.html.j2", tab=tab, study=study, found=found, seconds=seconds, fingerprint=fingerprint)


@router.get("/studies/{study}/ledger/check")
def checked(desk: ADesk) -> RedirectResponse:
    """Where somebody comes back to that address: nothing is checked by looking."""
    return desk.back(desk.address("ledger"))


def _newest_head(study: Study) -> Head | None:
    heads = [head for _, head in read_heads(study.paths.heads) if head is not None]
    return heads[-1] if heads else None
