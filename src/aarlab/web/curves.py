"""Verified values over working time and over dollars, laid out for an inline SVG (templates/curve.html.j2)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aarlab.lab.budgets import spent_dollars
from aarlab.report.attendance import HUMAN
from aarlab.report.numbers import marks
from aarlab.web.studies import Moment, Study
from aarlab.wire import BoardRow

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 150, 12, 40
LABEL = 13
"""Least distance between two lines of text."""
NAMED = 12
"""Most researchers whose lines have a colour and a name of their own."""
_HOURS_FROM = 2 * 3600.0
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Dot:
    """A verified method."""

    x: float
    """In the picture, as all that follows."""
    y: float
    """From the top."""
    who: str
    """Its researcher."""
    human: bool
    """Whether a person handed it in."""
    ranks: bool
    """Whether it has a rank among all."""
    place: int
    """Number of the researcher's colour; 0 = that of all whom the legend does not name."""
    words: str
    """Who, when, what, in one line of the lab's own."""


@dataclass(frozen=True)
class Line:
    """A staircase: the best so far."""

    who: str
    """A researcher, or "" for the frontier of all."""
    place: int
    """As in Dot."""
    path: str
    """SVG path data."""


@dataclass(frozen=True)
class Mark:
    """A reference of the lab's own: a horizontal line."""

    name: str
    """As on the board."""
    y: float
    """Of the line."""
    label_y: float
    """Of its name, which keeps its distance from the others."""


@dataclass(frozen=True)
class Tick:
    """Of an axis."""

    at: float
    """Where."""
    words: str
    """The number."""


@dataclass(frozen=True)
class Curve:
    """One picture."""

    title: str
    """What it shows."""
    axis: str
    """The word below it."""
    metric: str
    """The word beside it: PGR."""
    across: tuple[Tick, ...]
    """Ticks from left to right."""
    up: tuple[Tick, ...]
    """Ticks from bottom to top."""
    lines: tuple[Line, ...]
    """Each researcher's, then the frontier."""
    dots: tuple[Dot, ...]
    """In the order of time."""
    marks: tuple[Mark, ...]
    """Best first."""
    legend: tuple[tuple[str, int], ...]
    """Researchers with a colour of their own."""


@dataclass(frozen=True)
class Found:
    """Both pictures and the numbers behind them."""

    curves: tuple[Curve, ...]
    """Over time and over dollars; none before the first value."""
    rows: tuple[tuple[Moment, BoardRow], ...]
    """What they show, the latest first."""


@dataclass(frozen=True)
class _Verified:
    moment: Moment
    row: BoardRow
    value: float


def curves(study: Study) -> Found:
    """Of a study that has begun."""
    found = study.board()
    rows = {row.submission: row for row in found.rows if row.kind == "method"}
    known = [(moment, rows[moment.submission]) for moment in study.moments if moment.submission in rows]
    verified = [_Verified(moment, row, row.value) for moment, row in known if row.value is not None]
    references = [row for row in marks(found) if row.value is not None]
    if not verified and not references:
        return Found((), ())
    seconds = study.state.clock.seconds()
    spent = spent_dollars(study.state)
    unit, word = (3600.0, "hours") if seconds > _HOURS_FROM else (60.0, "minutes")
    draw = _Drawing(study.state.metric, verified, references)
    time = draw.curve("working time", f"working time in {word}", lambda one: one.seconds / unit, most=seconds / unit)
    money = draw.curve("dollars", "dollars spent by the whole study", lambda one: one.dollars, most=spent)
    return Found((time, money), tuple(reversed(known)))


class _Drawing:
    """What both pictures share: the values and their scale."""

    def __init__(self, metric: str, verified: Sequence[_Verified], references: Sequence[BoardRow]) -> None:
        self._metric, self._verified, self._references = metric, verified, references
        values = [one.value for one in verified] + [row.value or 0.0 for row in references]
        self._up = _Scale(min(0.0, *values), max(1.0, *values), HEIGHT - BOTTOM, TOP)
        names = list(dict.fromkeys(one.row.researcher for one in verified))
        self._places = {name: place for place, name in enumerate(names, 1)} if len(names) <= NAMED else {}
        self._names = names

    def curve(self, over: str, axis: str, x: Callable[[Moment], float], *, most: float) -> Curve:
        across = _Scale(0.0, most or 1.0, LEFT, WIDTH - RIGHT)
        lines = [
            self._line([one for one in self._verified if one.row.researcher == who], who, across, x)
            for who in self._names
        ]
        return Curve(
            title=f"Verified {self._metric} over {over}",
            axis=axis,
            metric=self._metric,
            across=across.ticks(),
            up=self._up.ticks(),
            lines=tuple(line for line in (*lines, self._line(self._verified, "", across, x)) if line.path),
            dots=tuple(self._dot(one, across, x) for one in self._verified),
            marks=self._marks(),
            legend=tuple(self._places.items()),
        )

    def _line(self, own: Sequence[_Verified], who: str, across: "_Scale", x: Callable[[Moment], float]) -> Line:
        """The row of the best lower bound so far, among those that have a rank; as on the board."""
        best: BoardRow | None = None
        path = ""
        for one in own:
            row = one.row
            if row.rank is None or row.apart or (best is not None and (row.low or 0.0) <= (best.low or 0.0)):
                continue
            best = row
            right, up = f"{across.at(x(one.moment)):.1f}", f"{self._up.at(one.value):.1f}"
            path += f"H{right}V{up}" if path else f"M{right} {up}"
        return Line(who, self._places.get(who, 0), f"{path}H{WIDTH - RIGHT}" if path else "")

    def _dot(self, one: _Verified, across: "_Scale", x: Callable[[Moment], float]) -> Dot:
        row, when = one.row, one.moment
        at = f"after {when.seconds / 60:.1f} min and ${when.dollars:.3f}"
        words, remark = f"{row.researcher}: {self._metric} {one.value:+.3f} {at}", row.standing or row.apart
        return Dot(
            x=across.at(x(when)),
            y=self._up.at(one.value),
            who=row.researcher,
            human=row.mind.startswith(HUMAN),
            ranks=row.rank is not None and not row.apart,
            place=self._places.get(row.researcher, 0),
            words=f"{words} ({remark})" if remark else words,
        )

    def _marks(self) -> tuple[Mark, ...]:
        found: list[Mark] = []
        for row in self._references:
            y = self._up.at(row.value or 0.0)
            label = max(y, found[-1].label_y + LABEL) if found else y
            found.append(Mark(row.name, y, label))
        return tuple(found)


class _Scale:
    """Numbers to places in the picture."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._high = low, high if high > low else low + 1.0
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> tuple[Tick, ...]:
        """About five round numbers."""
        rough = (self._high - self._low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in _STEPS if factor * power >= rough)
        first, last = math.ceil(self._low / step - 1e-9), math.floor(self._high / step + 1e-9)
        digits = max(0, 1 - math.floor(math.log10(step))) if step < 1 else 0 if step % 1 == 0 else 1
        return tuple(Tick(self.at(number * step), f"{number * step:.{digits}f}") for number in range(first, last + 1))
