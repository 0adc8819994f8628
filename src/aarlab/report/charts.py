"""Charts as inline SVG: they follow the page's colours, carry no text of researchers and load nothing from outside."""

import io
from collections.abc import Sequence
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.figure import Figure

from aarlab.report.diversity.families import FamilyStep
from aarlab.report.numbers import Point
from aarlab.wire import BoardRow

INK = "#010203"
"""Stands for the page's text colour: replaced by currentColor, so that the chart is readable in light and dark."""
MOST = 40
"""Methods in the chart of the board; the table has all."""
METHOD, MARK = "#2f81c7", "#c2701c"
"""Readable on white and on near-black."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "aarlab",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,
}


def interval_chart(rows: Sequence[BoardRow]) -> str:
    """A dot and its 95 % interval for the first methods and all marks that have a value; weak teacher 0, ceiling 1."""
    valued = [row for row in rows if row.value is not None]
    shown = [row for row in valued if row.kind == "method"][:MOST] + [row for row in valued if row.kind == "mark"]
    with rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 0.8 + 0.26 * len(shown)), layout="constrained")
        axes = figure.subplots()
        for place, row in enumerate(shown):
            _interval(axes, row, place)
        axes.set_yticks(range(len(shown)), [_label(row) for row in shown])
        axes.invert_yaxis()
        _scale(axes.axvline)
        axes.set_xlabel("PGR (0 = weak teacher, 1 = ceiling)")
        return _svg(figure)


def _interval(axes: Any, row: BoardRow, place: int) -> None:
    color = METHOD if row.kind == "method" else MARK
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [place, place], color=color, linewidth=2, solid_capstyle="butt")
    axes.plot([row.value], [place], "o", color=color, markersize=5)


def _label(row: BoardRow) -> str:
    if row.kind == "mark":
        return row.name
    if row.apart:
        return f"({row.apart}) {row.researcher}"
    return f"{row.rank}. {row.researcher}" if row.rank else f"(no rank) {row.researcher}"


def curve(points: Sequence[Point], marks: Sequence[BoardRow], *, over: Literal["hours", "dollars"]) -> str:
    """Verified PGR over working time or money with the frontier: the method of best lower bound so far."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        axes = figure.subplots()
        _dots(axes, points, over)
        frontier = [(getattr(point, over), point.best) for point in points if point.best is not None]
        steps = [(place, row.value) for place, row in frontier if row.value is not None]
        axes.step([x for x, _ in steps], [y for _, y in steps], where="post", color=METHOD, alpha=0.6)
        for mark in marks:
            _reference(axes, mark)
        axes.set_xlabel({"hours": "working time in hours", "dollars": "dollars spent"}[over])
        axes.set_ylabel("PGR")
        return _svg(figure)


def _dots(axes: Any, points: Sequence[Point], over: str) -> None:
    """All at once: a thousand single artists would take a minute."""
    rows = [(getattr(point, over), point.row) for point in points]
    whole = [(x, row) for x, row in rows if row.value is not None and row.low is not None and row.high is not None]
    places = [x for x, _ in whole]
    axes.vlines(places, [row.low for _, row in whole], [row.high for _, row in whole], color=METHOD, linewidth=1.2)
    axes.plot(places, [row.value for _, row in whole], "o", color=METHOD, markersize=5 if len(whole) < 100 else 2)


def _reference(axes: Any, mark: BoardRow) -> None:
    if mark.value is not None:
        axes.axhline(mark.value, color=MARK, linewidth=1, linestyle="--")
        axes.annotate(
            mark.name, (1, mark.value), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8
        )


def entropy_chart(steps: Sequence[FamilyStep]) -> str:
    """Entropy of method families across researchers over steps, its band, and what so few researchers can reach."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        axes, numbers = figure.subplots(), [one.step for one in steps]
        lows, highs = [one.low for one in steps], [one.high for one in steps]
        axes.fill_between(numbers, lows, highs, color=METHOD, alpha=0.2, linewidth=0)
        axes.plot(numbers, [one.entropy for one in steps], "o-", color=METHOD, markersize=4)
        axes.plot(numbers, [one.most for one in steps], color=MARK, linewidth=1, linestyle="--")
        axes.set_xlabel("step: the k-th proposal of each researcher")
        axes.set_ylabel("bits")
        return _svg(figure)


def _scale(line: Any) -> None:
    for value in (0, 1):
        line(value, color=INK, linewidth=0.6, linestyle=":")


def _svg(figure: Figure) -> str:
    stream = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    return text[text.index("<svg") :].replace(INK, "currentColor")
