"""What a submission came from and what it led to, across the desks of the lab."""

from dataclasses import dataclass

from aarlab.lab.records import FindingRecord, IncidentRecord, SnapshotRecord, SubmissionRecord, TransferRecord
from aarlab.lab.standing import incidents_of
from aarlab.lab.state import State


@dataclass(frozen=True)
class Trail:
    """The neighbours of one submission."""

    same_method: tuple[SubmissionRecord, ...]
    """Other submissions of the same snapshot, oldest first: the dev questions before a verification, and so on."""
    findings: tuple[FindingRecord, ...]
    """Posts that name it."""
    citing: tuple[FindingRecord, ...]
    """Other posts that say that they make use of its method."""
    corrections: tuple[FindingRecord, ...]
    """Posts that correct one of those that name it."""
    built_on: tuple[SnapshotRecord, ...]
    """Methods that say that they build on its method."""
    incidents: tuple[IncidentRecord, ...]
    """About it, or about its researcher before it."""
    transfers: tuple[TransferRecord, ...]
    """What it came to on other domains."""
    finalist: bool
    """Whether the operator has named it for the final set."""


def trail(state: State, submission: str) -> Trail:
    """The trail of a submission. Raises KeyError on an unknown one."""
    own = state.submissions[submission]
    posts = state.findings.values()
    naming = tuple(one for one in posts if one.submission == own.id)
    corrected = {one.id for one in naming}
    return Trail(
        same_method=tuple(
            one for one in state.submissions.values() if one.snapshot == own.snapshot and one.id != own.id
        ),
        findings=naming,
        citing=tuple(one for one in posts if own.snapshot in one.cites and one.submission != own.id),
        corrections=tuple(one for one in posts if one.corrects in corrected),
        built_on=tuple(one for one in state.snapshots.values() if own.snapshot in one.parents),
        incidents=incidents_of(state, own.id),
        transfers=tuple(one for one in state.transfers.values() if one.body["submission"] == own.id),
        finalist=state.final is not None and own.id in state.final.finalists,
    )
