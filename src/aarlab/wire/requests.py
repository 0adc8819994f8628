"""What a researcher may ask."""

from typing import Literal

from pydantic import ConfigDict, Field

from aarlab.wire.base import FindingKind, Wire

TOLD = ConfigDict(use_attribute_docstrings=True)
"""Of requests that a language model fills in as they are: the lines under the fields tell it what they take."""


class SnapshotRequest(Wire):
    """POST /v1/snapshots: freezes a method."""

    files: dict[str, str]
    """Relative path -> UTF-8 text; method.py is required."""
    message: str = Field(max_length=500)
    """One line on what is new."""
    parents: tuple[str, ...] = ()
    """Snapshots that it builds on, one's own or others'."""


class ProposalRequest(Wire):
    """POST /v1/proposals: a results-free description, frozen before the first scored run."""

    model_config = TOLD

    title: str = Field(max_length=200)
    """One line."""
    text: str
    """Markdown: what is done, why, what would speak against it. No results."""
    family: str = "other"
    """Method family, as in the facts of the problem."""


class DevRequest(Wire):
    """POST /v1/dev: students for a coarse answer; the same students get the same answer and cost once."""

    proposal: str
    """Id of the frozen proposal."""
    snapshot: str
    """Id of the method that made the students."""
    students: tuple[str, ...]
    """Blob ids (PUT /v1/blobs), one for each seed."""


class VerifyRequest(Wire):
    """POST /v1/verify: a method to be re-executed on fresh draws, or what the study's protocol takes instead."""

    proposal: str
    """Id of the frozen proposal."""
    snapshot: str
    """Id of the method."""
    students: tuple[str, ...] = ()
    """Blob ids of students or predictions, as many as dev takes; none where the lab re-executes the method."""


class FindingRequest(Wire):
    """POST /v1/findings: a forum post. A result names a submission; the lab adds its numbers."""

    model_config = TOLD

    kind: FindingKind
    """What it is; "survey" is an entry in the shared literature survey, whose text names its sources."""
    title: str = Field(max_length=200)
    """One line."""
    text: str
    """Markdown. The lab adds the numbers of the submission."""
    submission: str | None = None
    """Required for "result" and "negative result": a scored submission."""
    replies_to: str | None = None
    """A finding."""
    corrects: str | None = None
    """Required for "correction": the finding that it corrects."""
    cites: tuple[str, ...] = ()
    """Snapshots of which it makes use."""


class VoteRequest(Wire):
    """POST /v1/findings/{id}/vote; the last vote of a researcher counts."""

    value: Literal[-1, 0, 1]


class NoteRequest(Wire):
    """PUT /v1/notes: the researcher's own memory, read back at the start of each session."""

    model_config = TOLD

    text: str
    """All of the notes: they replace those before."""
