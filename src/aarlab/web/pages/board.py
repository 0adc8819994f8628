"""The board: verified methods by the lower end of their interval, with the reasons for what does not rank."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from aarlab.lab.views import final
from aarlab.report.numbers import ends, marks, methods
from aarlab.web.desk import ADesk, Tab
from aarlab.web.paging import PageNumber, cut
from aarlab.wire import TRUST, BoardRow

LEAST, MOST = -1.0, 2.0
"""Ends of the scale beyond which an interval is cut: one wild row must not flatten all others."""
WIDTH = 200.0
"""Of a drawing, in its own units."""
router = APIRouter()
tab = Tab("board", "Board")


@dataclass(frozen=True)
class Scale:
    """Where values are in a drawing."""

    low: float
    """Value at the left end."""
    high: float
    """Value at the right end."""

    @classmethod
    def of(cls, rows: Sequence[BoardRow]) -> "Scale":
        """One that has 0, 1 and all intervals, as far as they lie between LEAST and MOST."""
        found = [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
        low, high = min([0.0, *found]), max([1.0, *found])
        margin = 0.03 * (high - low)
        return cls(max(LEAST, low) - margin, min(MOST, high) + margin)

    def x(self, value: float) -> float:
        """The place of a value, from 0 to WIDTH."""
        share = (value - self.low) / (self.high - self.low)
        return round(WIDTH * min(1.0, max(0.0, share)), 1)


@router.get("/studies/{study}/board")
def board(desk: ADesk, page: PageNumber = 1) -> HTMLResponse:
    """The board of a study."""
    with desk.reading() as study:
        if not study.begun:
            return desk.page("empty.html.j2", tab=tab, study=study, words="Nothing is on the board yet.")
        rows = study.board()
        shown = cut(methods(rows), page, length=100)
        facts: dict[str, Any] = {
            "part": shown,
            "marks": marks(rows),
            "scale": Scale.of(rows.rows),
            "width": WIDTH,
            "ends": ends(rows),
            "final": final(study.state),
            "protocol": study.config.verify.protocol,
            "trust": TRUST,
        }
        return desk.page("board.html.j2", tab=tab, study=study, **facts)
