"""The kinds of events in the ledger, and what their bodies and meta hold."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from aarlab.canonical import digest_json
from aarlab.lab.store import Event


class Kind(StrEnum):
    """One word for each thing that can happen. All meta have `time` (UTC seconds)."""

    STUDY_CREATED = "study.created"
    """lab: {config, problem, digest}; meta: key, with which heads are signed, and metric, the
    problem's word for what it measures. First entry of every ledger."""
    LAB_STARTED = "lab.started"
    """lab: {}; meta: host, backend, enforced, missing, runtime, version."""
    SESSION_STARTED = "session.started"
    """operator: {}; meta: reason, host, request."""
    SESSION_ENDED = "session.ended"
    """operator: {}; meta: reason, finished, request."""
    RESEARCHER_ADMITTED = "researcher.admitted"
    """operator: {name, mind, direction, family, index}."""
    MARKS_SCORED = "marks.scored"
    """lab: {seeds, marks: {name: score}}; meta: seconds."""
    SNAPSHOT_STORED = "snapshot.stored"
    """researcher: {id, content, message, parents, paths, bytes}."""
    PROPOSAL_FROZEN = "proposal.frozen"
    """researcher: {id, title, text, family}."""
    DEV_REQUESTED = "dev.requested"
    """researcher: {id, snapshot, proposal, students, protocol}."""
    DEV_ANSWERED = "dev.answered"
    """lab: {id, status, answer}; meta: seconds."""
    VERIFY_REQUESTED = "verify.requested"
    """researcher: {id, snapshot, content, proposal, students, protocol}."""
    VERIFY_FINISHED = "verify.finished"
    """lab: {id, status, seeds, runs, controls, score, accuracies, new_best}; meta: rankable, missing, cpu_seconds,
    seconds. Accuracies of single runs, and what is in meta, are the operator's."""
    FINDING_POSTED = "finding.posted"
    """researcher or operator: {id, kind, title, text, submission, replies_to, corrects, cites}."""
    VOTE_CAST = "vote.cast"
    """researcher: {finding, value}."""
    NOTE_SAVED = "note.saved"
    """researcher: {text}."""
    USAGE_REPORTED = "usage.reported"
    """operator: {researcher}; meta: experiments, cpu_seconds, wall_seconds, gpu_seconds, model_dollars, models (calls,
    tokens and dollars by model), held (dollars set aside for what it does next), request."""
    TRANSCRIPT_SEALED = "transcript.sealed"
    """operator: {researcher}; meta: bytes, sha256, request. The first so many bytes of its transcript are these."""
    CONTROL_SET = "control.set"
    """operator: {researcher or None, action, reason}; meta: request."""
    STEER_SENT = "steer.sent"
    """operator: {researcher, text}; meta: request."""
    MIND_REPLACED = "mind.replaced"
    """operator: {researcher, mind, minds: all fields of [minds]}; meta: request. Its process starts anew with them."""
    INCIDENT_RAISED = "incident.raised"
    """lab or operator: {id, detector, level, researcher, submission, words, statistic, quotes, others}; meta: entries,
    request."""
    INCIDENT_DECIDED = "incident.decided"
    """operator: {id, decision, reason, by}; meta: request."""
    INCIDENT_REINSTATED = "incident.reinstated"
    """operator: as incident.decided, when it undoes a decision against the row."""
    INCIDENT_ANSWERED = "incident.answered"
    """researcher: {id, text, appeal}."""
    REVIEW_STARTED = "review.started"
    """lab: {id}; meta: held. The monitor begins to read a method; so much is set aside for it."""
    REVIEW_FINISHED = "review.finished"
    """lab: {id, content, model, trouble}; meta: tokens_in, tokens_out, dollars. The monitor has read a method."""
    TRANSFER_FINISHED = "transfer.finished"
    """lab: {id, submission, snapshot, content, components, way, settings, place, origin, problem, digest, table, seeds,
    status, runs, controls, score, marks, over, answers, tuning}; meta: rankable, missing, cpu_seconds, request. A
    verified method on fresh draws of a domain: `settings` is its config.json where that was changed, `table` the
    [problem] table of the domain, `over` paired differences. The operator's alone."""
    FINAL_NAMED = "final.named"
    """operator: {finalists}; meta: request. May be repeated until the final set is opened."""
    FINAL_OPENING = "final.opening"
    """operator: {}; meta: request. Once: from here on the study is closed."""
    FINAL_OPENED = "final.opened"
    """lab: {finalists: {id: {status, seeds, runs, score}}, marks: {seeds, scores}, independent, half_width}; meta:
    cpu_seconds, seconds."""


UNREPEATABLE = frozenset(
    {
        Kind.LAB_STARTED,
        Kind.SESSION_STARTED,
        Kind.SESSION_ENDED,
        Kind.USAGE_REPORTED,
        Kind.TRANSCRIPT_SEALED,
        Kind.REVIEW_STARTED,
    }
)
"""How often these are written depends on the clock, so they are no part of a study's content."""


def content_digest(events: Iterable[Event]) -> str:
    """SHA-256 of what happened in a study, without its clock.

    Equal in two runs of a study with one researcher and a fixed seed. Each actor's events count in order; those of the
    lab, which are written whenever a computation ends, as a set.
    """
    actors: dict[str, list[Any]] = {}
    for event in events:
        if event.kind not in UNREPEATABLE:
            actors.setdefault(event.actor, []).append([event.kind, event.body])
    actors["lab"] = sorted(digest_json(entry) for entry in actors.get("lab", []))
    return digest_json(actors)
