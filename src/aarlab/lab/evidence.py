"""The evidence bundle of an incident, read from a study's folder: what a person needs to decide, in one place."""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from aarlab.lab.events import Kind
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.paths import StudyPaths
from aarlab.wire import Evidence

_ABOUT = frozenset(
    {
        Kind.SNAPSHOT_STORED,
        Kind.PROPOSAL_FROZEN,
        Kind.DEV_REQUESTED,
        Kind.DEV_ANSWERED,
        Kind.VERIFY_REQUESTED,
        Kind.VERIFY_FINISHED,
        Kind.FINDING_POSTED,
    }
)


@dataclass(frozen=True)
class Bundle:
    """All that is known of an incident."""

    incident: Evidence
    """With statistic and quotes."""
    entries: tuple[dict[str, Any], ...]
    """Entries of the ledger in its range that are about its submissions, or about its researcher's work."""
    proposal: str
    """Word for word; data, written by a researcher. "" without a submission."""
    files: dict[str, str]
    """The method; data, written by a researcher. Empty without a submission."""
    diffs: dict[str, str]
    """Other submission -> unified diff from its method to this one; data."""


def bundle(paths: StudyPaths, state: State, incident: Evidence) -> Bundle:
    """Collects the bundle. Raises OperatorError when the repository of methods is not whole."""
    snapshots = Snapshots(paths.snapshots)
    record = state.submissions.get(incident.submission or "")
    others = [state.submissions[name] for name in incident.others if name in state.submissions]
    first, last = incident.entries
    about = [*others, *([record] if record else [])]
    names = {name for entry in about for name in (entry.id, entry.snapshot, entry.proposal)}
    between = takewhile(lambda event: event.seq <= last, read_events(paths.database, after=0 if names else first - 1))
    return Bundle(
        incident=incident,
        entries=tuple(_entry(event) for event in between if _concerns(event, incident, names)),
        proposal=state.proposals[record.proposal].text if record else "",
        files=snapshots.files(record.snapshot) if record else {},
        diffs={one.id: snapshots.diff(one.snapshot, record.snapshot) for one in others} if record else {},
    )


def _concerns(event: Event, incident: Evidence, names: set[str]) -> bool:
    """Work of the submissions that it is about; all of the researcher's where it is about no submission."""
    if not names:
        return event.kind in _ABOUT and event.actor == incident.researcher
    return event.kind in _ABOUT and (event.body.get("id") in names or event.body.get("submission") in names)


def _entry(event: Event) -> dict[str, Any]:
    return {"seq": event.seq, "kind": event.kind, "actor": event.actor, "hash": event.hash, "body": event.body}
