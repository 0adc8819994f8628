"""Frozen methods: their files, what changed against another, and which builds on which."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from aarlab.errors import UserError
from aarlab.lab.lineage import around, children, families
from aarlab.lab.records import SnapshotRecord, SubmissionRecord
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.state import State
from aarlab.lab.views import submission as view
from aarlab.web.desk import ADesk, Tab
from aarlab.web.difference import MOST, differences
from aarlab.web.paging import PageNumber, cut
from aarlab.web.studies import Study
from aarlab.wire import TRUST

CELL_WIDTH, CELL_HEIGHT = 150, 34
"""Of one method in the picture of the lineage."""
router = APIRouter()
tab = Tab("snapshots", "Snapshots")
Text = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True)
class Line:
    """One method in the list."""

    snapshot: SnapshotRecord
    """As folded from the ledger."""
    dev: int
    """Dev questions about it."""
    best: SubmissionRecord | None
    """Its verification, the best by lower bound where there are several."""
    children: int
    """Methods that say that they build on it."""


@router.get("/studies/{study}/snapshots")
def snapshots(desk: ADesk, author: Text = "", page: PageNumber = 1) -> HTMLResponse:
    """All of them, the newest first, and the families among them."""
    with desk.reading() as study:
        if not study.begun:
            return desk.page("empty.html.j2", tab=tab, study=study, words="No method has been frozen yet.")
        known = study.state.snapshots
        wanted = [one for one in list(known.values())[::-1] if author in ("", one.author)]
        part = cut(wanted, page)
        facts: dict[str, Any] = {
            "part": part,
            "lines": _lines(study.state, part.items),
            "lineage": families(known),
            "author": author,
            "authors": sorted({one.author for one in known.values()}),
            "cell": (CELL_WIDTH, CELL_HEIGHT),
            "best": _best(study.state),
        }
        return desk.page("snapshots.html.j2", tab=tab, study=study, **facts)


@router.get("/studies/{study}/snapshots/{snapshot}")
def one(desk: ADesk, snapshot: str, against: Text = "") -> HTMLResponse:
    """One of them whole; `against` is another, or the beginning of its id, by default its first parent."""
    with desk.reading() as study:
        record = _known(study, snapshot)
        old = _known(study, against.strip()) if against.strip() else _parent(study, record)
        store = Snapshots(study.paths.snapshots)
        changed = differences(store.diff(old.id, record.id)) if old is not None and old.id != record.id else []
        facts: dict[str, Any] = {
            "one": record,
            "files": store.files(record.id),
            "old": old,
            "changed": changed,
            "most": MOST,
            "lineage": around(study.state.snapshots, record.id),
            "submissions": [view(study.state, one) for one in _handed_in(study.state, record)],
            "related": _related(study.state, record),
            "cell": (CELL_WIDTH, CELL_HEIGHT),
            "best": _best(study.state),
            "trust": TRUST,
        }
        return desk.page("snapshot.html.j2", tab=tab, study=study, **facts)


def _lines(state: State, shown: tuple[SnapshotRecord, ...]) -> list[Line]:
    below, best = children(state.snapshots), _best(state)
    asked: dict[str, int] = {}
    for one in state.submissions.values():
        if one.door == "dev":
            asked[one.snapshot] = asked.get(one.snapshot, 0) + 1
    return [Line(one, asked.get(one.id, 0), best.get(one.id), len(below.get(one.id, ()))) for one in shown]


def _best(state: State) -> dict[str, SubmissionRecord]:
    """Snapshot -> its best verification that has a value."""
    found: dict[str, SubmissionRecord] = {}
    for one in state.submissions.values():
        if one.door == "verify" and one.low is not None:
            before = found.get(one.snapshot)
            found[one.snapshot] = one if before is None or one.low > (before.low or 0.0) else before
    return found


def _known(study: Study, name: str) -> SnapshotRecord:
    """The snapshot of that id, or the only one whose id begins so. Raises UserError."""
    found = [one for key, one in study.state.snapshots.items() if key.startswith(name)]
    if len(found) != 1:
        raise UserError(f"{name[:64]}: {len(found)} snapshots of {study.name} have an id that begins so")
    return found[0]


def _parent(study: Study, record: SnapshotRecord) -> SnapshotRecord | None:
    return study.state.snapshots[record.parents[0]] if record.parents else None


def _handed_in(state: State, record: SnapshotRecord) -> list[SubmissionRecord]:
    return [one for one in state.submissions.values() if one.snapshot == record.id]


def _related(state: State, record: SnapshotRecord) -> list[SnapshotRecord]:
    """What somebody may want to compare it with: parents, children, then its author's others, the newest first."""
    names = [*record.parents, *children(state.snapshots).get(record.id, ())]
    names += [one.id for one in list(state.snapshots.values())[::-1] if one.author == record.author]
    return [state.snapshots[name] for name in dict.fromkeys(names) if name != record.id][:100]
