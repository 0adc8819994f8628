"""Replay: a verified row out of a study's folder, computed again and compared. Needs no vault and no server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aarlab.canonical import canonical_json
from aarlab.errors import UserError
from aarlab.lab.components import CONFIG, require_components
from aarlab.lab.events import Kind
from aarlab.lab.rerun import Verdict, score_body
from aarlab.lab.snapshots import Snapshots, content_hash
from aarlab.lab.store import Event
from aarlab.lab.transfer import at_home
from aarlab.paths import StudyPaths
from aarlab.settings import ProblemSettings, StudyConfig
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
    settings: str | None = None
    """Transfer: its config.json, where that was not the one that was verified."""


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
    """The finished verification or transfer whose id begins with `name`. Raises UserError unless there is one."""
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
        elif event.kind == Kind.TRANSFER_FINISHED and event.body["id"].startswith(name) and study is not None:
            requests[event.body["id"]] = event
            found[event.body["id"]] = _carried(_recorded(study, event, event, version=version), event.body)
    if len(requests) != 1 or not found:
        raise UserError(_why_not(name, requests))
    row = next(iter(found.values()))
    if (protocol := row.config.verify.protocol) != "method":
        raise UserError(f"{row.id}: was graded as it was handed in ({TRUST[protocol]}); there is nothing to replay")
    return row


def method_files(paths: StudyPaths, row: Recorded) -> dict[str, str]:
    """The method's files. Raises UserError unless they are those that were verified, OperatorError when git cannot."""
    return frozen_files(paths, row.snapshot, content=row.content)


def frozen_files(paths: StudyPaths, snapshot: str, *, content: str) -> dict[str, str]:
    """The files of a snapshot; raises as `method_files` unless `content` is their hash."""
    if not (paths.snapshots / "HEAD").is_file():
        raise UserError(f"{paths.snapshots}: the repository of methods is missing")
    files = Snapshots(paths.snapshots).files(snapshot)
    if content_hash(files) != content:
        raise UserError(
            f"{paths.snapshots}: the files of snapshot {snapshot[:12]} are not those that were verified; "
            "they were changed"
        )
    return files


def as_run(files: Mapping[str, str], row: Recorded) -> Mapping[str, str]:
    """The files with the settings under which the row was made. Raises UserError when more than numbers changed."""
    if row.settings is None:
        return files
    given = {**files, CONFIG: row.settings}
    require_components(files, given)
    return given


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

    The private part of a score, and PGR by distribution, are compared where the ledger has them: older ledgers do not.
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


def _carried(row: Recorded, body: Mapping[str, Any]) -> Recorded:
    """The row with the problem that it was made on."""
    config = at_home(row.config, problem=ProblemSettings.model_validate(body["table"]))
    return replace(row, config=config, digest=body["digest"], settings=body["settings"])


def _as_known(replayed: Mapping[str, Any], recorded: Mapping[str, Any]) -> Mapping[str, Any]:
    old, new = recorded["score"], replayed["score"]
    if old is None or new is None:
        return replayed
    if "by_distribution" not in old["facts"]:
        new = new | {"facts": {name: fact for name, fact in new["facts"].items() if name != "by_distribution"}}
    known = new if "private" in old else {name: value for name, value in new.items() if name != "private"}
    return {**replayed, "score": known}


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
