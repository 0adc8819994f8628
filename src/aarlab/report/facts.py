"""Everything that a report says, as its templates take it: from the ledger and the snapshots alone."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from markupsafe import Markup

from aarlab.lab.board import leader
from aarlab.lab.events import content_digest
from aarlab.lab.heads import read_heads
from aarlab.lab.incidents import evidence
from aarlab.lab.measured import operator_board
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.lab.transfers import rows as transfers
from aarlab.lab.views import final, forum, study
from aarlab.paths import StudyPaths
from aarlab.report.abstract import negatives, sentences
from aarlab.report.cards import cards
from aarlab.report.charts import MOST, curve, entropy_chart, interval_chart
from aarlab.report.costs import costs
from aarlab.report.diversity.study import Diversity, diversity_of
from aarlab.report.diversity.study import sentences as diversity_words
from aarlab.report.generalisation import lines, words
from aarlab.report.numbers import Point, ends, lab_facts, marks, methods, timeline
from aarlab.report.room import Room
from aarlab.report.veil import Veil
from aarlab.wire import TRUST, Board, Evidence, Finding

FINDINGS = 1_500_000
"""Bytes of posts in one report, the latest first to go; the ledger has all."""
NAMED = 50
"""Methods in each list of negative results."""
INCIDENTS = 300
"""Incidents in one report; the ledger has all."""
VERSIONS = ("aarlab", "numpy", "scipy", "safetensors", "optuna", "pydantic", "fastapi")


def facts(paths: StudyPaths, events: Sequence[Event], *, public: bool) -> dict[str, Any]:
    """All that the templates name. Raises OperatorError when a snapshot is missing."""
    state = State.of(events)
    veil = Veil.of(paths, state, events, public=public)
    rows = _ordered(operator_board(state), veil)
    spent, facing = costs(events), study(state)
    posts, open_incidents = _posts(forum(state), veil), _incidents(state, public=public)
    diverse = diversity_of(state, Snapshots(paths.snapshots))
    carried = () if public and facing.state == "running" else transfers(state)
    return {
        "study": facing,
        "public": public,
        "veil": veil,
        "protocol": state.settings().verify.protocol,
        "trust": TRUST,
        "abstract": sentences(state, rows, spent),
        "board": rows,
        "methods": methods(rows),
        "best": leader(methods(rows)),
        "negatives": negatives(state, rows),
        "final": final(state),
        "transfers": lines(carried),
        "transfer_words": words(carried),
        "ends": ends(rows),
        "most_drawn": MOST,
        "most_named": NAMED,
        "charts": _charts(timeline(events), rows, diverse),
        "diversity": diverse,
        "diversity_words": diversity_words(diverse),
        "posts": posts,
        "posts_left_out": len(state.findings) - len(posts),
        "cards": cards(paths, state, methods(rows), veil=veil),
        "incidents": open_incidents[:INCIDENTS],
        "incidents_left_out": max(0, len(open_incidents) - INCIDENTS),
        "costs": spent,
        "lab": _host(lab_facts(events), public=public),
        "digest": content_digest(events),
        "heads": sum(head is not None for _, head in read_heads(paths.heads)),
        "key": events[0].meta.get("key", ""),
        "fixed_seed": state.settings().study.seed,
        "settings": veil.settings(state.settings()),
        "versions": _versions(),
    }


def _ordered(rows: Board, veil: Veil) -> Board:
    """Methods as ranked, then the marks, best first; with the names and words that this report may have."""
    told = [
        row.model_copy(update={"researcher": veil.who(row.researcher), "name": veil.text(row.name)} | _note(row, veil))
        for row in (*methods(rows), *marks(rows))
    ]
    return rows.model_copy(update={"rows": tuple(told)})


def _note(row: Any, veil: Veil) -> dict[str, str]:
    return {"note": veil.told(row.note), "family": veil.text(row.family)}


def _charts(points: Sequence[Point], rows: Board, diverse: Diversity) -> dict[str, Markup]:
    """SVG by name; there is none before the first value."""
    drawn: dict[str, str] = {}
    if any(row.value is not None for row in rows.rows):
        drawn = {"intervals": interval_chart(rows.rows)}
        drawn["hours"] = curve(points, marks(rows), over="hours")
        drawn["dollars"] = curve(points, marks(rows), over="dollars")
    if diverse.steps:
        drawn["diversity"] = entropy_chart(diverse.steps)
    return {name: Markup(svg) for name, svg in drawn.items()}


def _posts(posts: Sequence[Finding], veil: Veil) -> tuple[Finding, ...]:
    """As many as there is room for, in the order of posting."""
    room, found = Room(FINDINGS), []
    for post in posts:
        text = room.take(veil.text(post.text))
        if text is None:
            break
        told = {"author": veil.who(post.author), "title": veil.text(post.title), "text": text}
        found.append(post.model_copy(update=told))
    return tuple(found)


def _incidents(state: State, *, public: bool) -> tuple[Evidence, ...]:
    """All; in a public report those that researchers may know of (lab.incidents), whose evidence it does not show."""
    found = evidence(state)
    return tuple(one for one in found if one.level == "quarantine" or one.decision is not None) if public else found


def _host(known: Mapping[str, Any], *, public: bool) -> dict[str, Any]:
    """The host's own facts beside the others; in a public report what was enforced, and versions."""
    everything: dict[str, Any] = {"missing": {}, "enforced": [], **known}
    if public:
        missing = dict.fromkeys(everything["missing"], "the reason is in the operator's report")
        told = ("enforced", "backend", "version", "runtime")
        return {**{name: everything[name] for name in told if name in everything}, "missing": missing}
    return {name: value for name, value in everything.items() if name != "host"} | dict(known.get("host", {}))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found
