"""Replay: a verified row out of a study's folder, computed again and compared. Needs no vault and no server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aarlab.canonical import canonical_json
from aarlab.errors import UserError
from aarlab.lab.events import Kind
from aarlab.lab.rerun import Verdict, score_body
from aarlab.lab.snapshots import Snapshots, content_hash
from aarlab.lab.store import Event
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from aarlab.wire import TRUST

PARTS = ("status", "runs", "controls", "score")
"""What of a row is compared."""


@dataclass(frozen=True)
class Recorded:
    """A finished verification, as the ledger has it."""

    id: str
    """Of the submission."""
    snapshot: str
    """Commit of the method."""
    content: str
    """SHA-256 over the method's files."""
    seeds: tuple[int, ...]
    """Of its draws."""
    row: Mapping[str, Any]
    """PARTS, as plain JSON."""
    config: StudyConfig
    """Settings of the study."""
    digest: str
    """Names the problem's data."""
    version: str
    """Of the package that computed it."""


@dataclass(frozen=True)
class Difference:
    """A number or word that came out otherwise."""

    what: str
    """For example "score.value"."""
    recorded: Any
    """In the ledger; None where there was none."""
    replayed: Any
    """Now."""


def find_row(events: Iterable[Event], name: str) -> Recorded:
    """The finished verification whose id begins with `name`. Raises UserError when there is not exactly one."""
    study: Event | None = None
    requests: dict[str, Event] = {}
    found: dict[str, Recorded] = {}
    version = ""
    for event in events:
        if event.kind == Kind.STUDY_CREATED:
            study = event
        elif event.kind == Kind.LAB_STARTED:
            version = event.meta.get("version", "")
        elif event.kind in (Kind.VERIFY_REQUESTED, Kind.DEV_REQUESTED) and event.body["id"].startswith(name):
            requests[event.body["id"]] = event
        elif event.kind == Kind.VERIFY_FINISHED and event.body["id"] in requests and study is not None:
            found[event.body["id"]] = _recorded(study, requests[event.body["id"]], event, version=version)
    if len(requests) != 1 or not found:
        raise UserError(_why_not(name, requests))
    row = next(iter(found.values()))
    if (protocol := row.config.verify.protocol) != "method":
        raise UserError(f"{row.id}: was graded as it was handed in ({TRUST[protocol]}); there is nothing to replay")
    return row


def method_files(paths: StudyPaths, row: Recorded) -> dict[str, str]:
    """The method's files. Raises UserError unless they are those that were verified, OperatorError when git cannot."""
    if not (paths.snapshots / "HEAD").is_file():
        raise UserError(f"{paths.snapshots}: the repository of methods is missing")
    files = Snapshots(paths.snapshots).files(row.snapshot)
    if content_hash(files) != row.content:
        raise UserError(
            f"{paths.snapshots}: the files of snapshot {row.snapshot[:12]} are not those that were verified; "
            "they were changed"
        )
    return files


def check_digest(row: Recorded, digest: str) -> None:
    """Raises UserError when the problem's data here are not those of the study."""
    if row.digest != digest:
        raise UserError(
            f"the problem's data here ({digest[:12]}) are not those of the study ({row.digest[:12]}); take aarlab "
            f"{row.version or 'of the same version'}, and the study's own data with --data"
        )


def as_row(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it would stand in the ledger."""
    score = score_body(verdict.score) if verdict.score else None
    return {"status": verdict.status, "runs": verdict.runs, "controls": dict(verdict.controls), "score": score}


def differences(recorded: Mapping[str, Any], replayed: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What differs, to the last digit; empty when nothing does.

    The private part of a score is compared where the ledger has one: older ledgers do not.
    """
    return tuple(_differ(recorded, _as_known(replayed, recorded), ""))


def _recorded(study: Event, request: Event, finish: Event, *, version: str) -> Recorded:
    return Recorded(
        id=finish.body["id"],
        snapshot=request.body["snapshot"],
        content=request.body["content"],
        seeds=tuple(finish.body["seeds"]),
        row={part: finish.body[part] for part in PARTS if part in finish.body},
        config=StudyConfig.model_validate(study.body["config"]),
        digest=study.body["digest"],
        version=version,
    )


def _as_known(replayed: Mapping[str, Any], recorded: Mapping[str, Any]) -> Mapping[str, Any]:
    old, new = recorded["score"], replayed["score"]
    if old is None or new is None or "private" in old:
        return replayed
    return {**replayed, "score": {name: value for name, value in new.items() if name != "private"}}


def _why_not(name: str, requests: Mapping[str, Event]) -> str:
    if not requests:
        return f"{name}: there is no submission with this id; `aarlab board --json` names them"
    if len(requests) > 1:
        return f"{name}: {len(requests)} submissions have an id that begins so"
    (event,) = requests.values()
    if event.kind == Kind.DEV_REQUESTED:
        return f"{name}: is a dev answer, which carries keyed noise; only verified rows (v-...) can be replayed"
    return f"{name}: is not finished yet"


def _differ(old: Any, new: Any, what: str) -> Iterable[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _differ(old.get(name), new.get(name), f"{what}.{name}".strip("."))
    elif canonical_json(old) != canonical_json(new):
        yield Difference(what, old, new)
