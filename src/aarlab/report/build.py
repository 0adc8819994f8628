"""The report of a study: one static HTML file with everything inline, or the same words as Markdown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from aarlab.canonical import write_atomic
from aarlab.errors import OperatorError
from aarlab.lab.sqlite_store import read_events
from aarlab.paths import StudyPaths
from aarlab.report.facts import facts
from aarlab.report.markdown import fenced, literal, render_markdown
from aarlab.wire import BoardRow

Form = Literal["html", "md"]


def build_report(paths: StudyPaths, *, public: bool = False, form: Form = "html") -> Path:
    """Writes the report anew and returns its path. `public` leaves out what should not leave the machine.

    Raises OperatorError when there is no ledger, a snapshot is missing, or there is no room for the file.
    """
    events = list(read_events(paths.database))
    text = _environment(form).get_template(f"report.{form}.j2").render(facts(paths, events, public=public))
    target = report_path(paths, public=public, form=form)
    try:
        write_atomic(target, text.encode())
    except OSError as error:
        raise OperatorError(f"{target}: cannot be written: {error.strerror}") from None
    return target


def report_path(paths: StudyPaths, *, public: bool, form: Form) -> Path:
    """Where it is written: report.html, report-public.html, report.md, report-public.md."""
    return paths.report.with_name(f"{paths.report.stem}{'-public' if public else ''}.{form}")


def _environment(form: Form) -> Environment:
    environment = Environment(
        loader=PackageLoader("aarlab.report", "templates"),
        autoescape=form == "html",
        undefined=StrictUndefined,
        trim_blocks=form == "md",
        lstrip_blocks=form == "md",
    )
    filters: dict[str, Callable[..., Any]] = {"signed": _signed, "minutes": _minutes, "accuracy": _accuracy}
    words: dict[str, Callable[..., Any]] = (
        {"markdown": render_markdown} if form == "html" else {"literal": literal, "fenced": fenced}
    )
    environment.filters |= filters | words | {"place": _place}
    environment.globals["interval"] = _interval
    return environment


def _place(row: BoardRow) -> str:
    """Its rank; in brackets where it is listed apart, in ranks of its own."""
    if row.rank is None:
        return "–"
    return f"({row.rank})" if row.apart else str(row.rank)


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _accuracy(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(row: Any) -> str:
    return "–" if row.low is None or row.high is None else f"{row.low:+.3f} to {row.high:+.3f}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
