"""Charts as inline SVG: they follow the page's colours, carry no text of researchers and load nothing from outside."""

import io
from collections.abc import Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from aarlab.report.diversity.families import FamilyStep
from aarlab.report.numbers import Point
from aarlab.wire import BoardRow

INK = "#010203"
"""Stands for the page's text colour: replaced by currentColor, so that the chart is readable in light and dark."""
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
    """A dot and its 95 % interval for each line of the board that has a value; weak teacher at 0, ceiling at 1."""
    shown = [row for row in rows if row.value is not None]
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


def time_chart(points: Sequence[Point], marks: Sequence[BoardRow]) -> str:
    """Verified PGR over working time with the frontier: the method of best lower bound so far."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        axes = figure.subplots()
        for point in points:
            _timed(axes, point)
        _frontier(axes, points)
        for mark in marks:
            _reference(axes, mark)
        axes.set_xlabel("working time in minutes")
        axes.set_ylabel("PGR")
        return _svg(figure)


def _timed(axes: Any, point: Point) -> None:
    row = point.row
    if row.value is None or row.low is None or row.high is None:
        return
    minutes = point.seconds / 60
    axes.plot([minutes, minutes], [row.low, row.high], color=METHOD, linewidth=1.2)
    axes.plot([minutes], [row.value], "o", color=METHOD, markersize=5)


def _frontier(axes: Any, points: Sequence[Point]) -> None:
    best: BoardRow | None = None
    steps: list[tuple[float, float]] = []
    for point in points:
        row = point.row
        if row.rank is not None and not row.apart and row.low is not None and row.value is not None:
            best = row if best is None or row.low > (best.low or 0.0) else best
            steps.append((point.seconds / 60, best.value or 0.0))
    if steps:
        axes.step([time for time, _ in steps], [value for _, value in steps], where="post", color=METHOD, alpha=0.6)


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
