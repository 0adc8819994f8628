"""The report of a study: one static HTML file with everything inline, made from the ledger and the snapshots alone."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aarlab.canonical import write_atomic
from aarlab.errors import OperatorError
from aarlab.lab.events import content_digest
from aarlab.lab.incidents import evidence
from aarlab.lab.measured import measured, operator_board
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.lab.transfers import rows as transfers
from aarlab.lab.views import final, forum, study
from aarlab.paths import StudyPaths
from aarlab.report.charts import entropy_chart, interval_chart, time_chart
from aarlab.report.costs import costs
from aarlab.report.diversity.study import Diversity, diversity_of
from aarlab.report.diversity.study import sentences as diversity_words
from aarlab.report.generalisation import lines, words
from aarlab.report.markdown import render_markdown
from aarlab.report.numbers import ends, lab_facts, marks, methods, timeline
from aarlab.studyfile import dump_study
from aarlab.wire import TRUST, Board, BoardRow, Measured

MAX_FINDINGS = 300
"""Posts in the report; the ledger has all."""
MAX_CODE = 40_000
"""Characters of one method's code in the report; the snapshot has all."""
VERSIONS = ("aarlab", "numpy", "scipy", "safetensors", "optuna", "pydantic", "fastapi")


@dataclass(frozen=True)
class Card:
    """A verified method as its author described and wrote it."""

    row: BoardRow
    """Its line of the board."""
    measured: Measured
    """What it took and how its runs went."""
    proposal: str
    """Word for word, frozen before the first scored run."""
    files: Mapping[str, str]
    """Its code."""


def build_report(paths: StudyPaths) -> Path:
    """Writes paths.report anew and returns it. Raises OperatorError when there is no ledger or no room for the file."""
    events = list(read_events(paths.database))
    html = _environment().get_template("report.html.j2").render(_facts(paths, events))
    try:
        write_atomic(paths.report, html.encode())
    except OSError as error:
        raise OperatorError(f"{paths.report}: cannot be written: {error.strerror}") from None
    return paths.report


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("aarlab.report", "templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"markdown": render_markdown, "signed": _signed, "minutes": _minutes}
    return environment


def _facts(paths: StudyPaths, events: Sequence[Event]) -> dict[str, Any]:
    state = State.of(events)
    rows = _ordered(operator_board(state))
    posts, found = forum(state), transfers(state)
    diverse = diversity_of(state, Snapshots(paths.snapshots))
    return {
        "study": study(state),
        "protocol": state.settings().verify.protocol,
        "trust": TRUST,
        "board": rows,
        "methods": methods(rows),
        "best": next((row for row in rows.rows if row.rank == 1 and not row.apart), None),
        "final": final(state),
        "transfers": lines(found),
        "transfer_words": words(found),
        "ends": ends(rows),
        "charts": _charts(events, rows.rows, diverse),
        "diversity": diverse,
        "diversity_words": diversity_words(diverse),
        "posts": posts[:MAX_FINDINGS],
        "posts_left_out": max(0, len(posts) - MAX_FINDINGS),
        "cards": _cards(paths, state, methods(rows)),
        "incidents": evidence(state),
        "costs": costs(events),
        "lab": _flat(lab_facts(events)),
        "digest": content_digest(events),
        "fixed_seed": state.settings().study.seed,
        "settings": dump_study(state.settings()),
        "versions": _versions(),
        "max_code": MAX_CODE,
    }


def _ordered(rows: Board) -> Board:
    """Methods as ranked, then the marks, best first."""
    return rows.model_copy(update={"rows": (*methods(rows), *marks(rows))})


def _charts(events: Sequence[Event], rows: Sequence[BoardRow], diverse: Diversity) -> dict[str, Markup]:
    """SVG by name; there is none before the first value."""
    drawn: dict[str, str] = {}
    if any(row.value is not None for row in rows):
        references = [row for row in rows if row.kind == "mark"]
        drawn = {"intervals": interval_chart(rows), "time": time_chart(timeline(events), references)}
    if diverse.steps:
        drawn["diversity"] = entropy_chart(diverse.steps)
    return {name: Markup(svg) for name, svg in drawn.items()}


def _cards(paths: StudyPaths, state: State, rows: Sequence[BoardRow]) -> list[Card]:
    snapshots = Snapshots(paths.snapshots)
    texts = {record.id: state.proposals[record.proposal].text for record in state.submissions.values()}
    took = {record.id: measured(record) for record in state.submissions.values()}
    return [
        Card(row, took[str(row.submission)], texts[str(row.submission)], snapshots.files(str(row.snapshot)))
        for row in rows
    ]


def _flat(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The host's own facts beside the others."""
    known = {"missing": {}, "enforced": [], **facts}
    return {name: value for name, value in known.items() if name != "host"} | dict(facts.get("host", {}))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
