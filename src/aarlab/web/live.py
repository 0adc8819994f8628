"""Server-sent events: a page is told that there is something new within a fraction of a second, and reads itself again.

The only thing that is sent is how far a ledger is. A browser that was cut off comes back by itself with the last place
that it knows (Last-Event-ID) and is told at once whether it has missed anything.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from aarlab.web.desk import ADesk, AnyDesk

LOOK_SECONDS = 0.15
LIST_SECONDS = 0.5
KEEP_SECONDS = 5.0
"""How often something is sent in any case, so that both sides notice a broken connection and clocks go on."""
RETRY_MILLISECONDS = 500
router = APIRouter()


@router.get("/studies/{study}/live")
async def one(desk: ADesk, request: Request, known: str = "") -> StreamingResponse:
    """News of one study; `known` is the mark that the page was made with."""
    return stream(request, desk.study.pulse, known=known, every=LOOK_SECONDS)


@router.get("/live")
async def all_studies(desk: AnyDesk, request: Request, known: str = "") -> StreamingResponse:
    """News of the list of studies."""
    return stream(request, desk.studies.pulse, known=known, every=LIST_SECONDS)


def stream(request: Request, pulse: Callable[[], str], *, known: str, every: float) -> StreamingResponse:
    """News of whatever `pulse` is the mark of, from a page that was made with the mark `known`."""
    last = request.headers.get("last-event-id", known)
    return StreamingResponse(_events(request, pulse, known=last, every=every), media_type="text/event-stream")


async def _events(request: Request, pulse: Callable[[], str], *, known: str, every: float) -> AsyncIterator[str]:
    """Tells whenever the mark is another than the one that the browser knows, and that it is still there."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    said_at = time.monotonic()
    while not await request.is_disconnected():
        now = await run_in_threadpool(pulse)
        if now != known or time.monotonic() - said_at > KEEP_SECONDS:
            yield f"id: {now}\nevent: {'news' if now != known else 'tick'}\ndata: {now}\n\n"
            known, said_at = now, time.monotonic()
        await asyncio.sleep(every)
