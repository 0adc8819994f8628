"""What of a study goes to a tracker: what the board shows, counts and costs. Nothing held out, nothing of one run."""

from typing import Any

from aarlab.canonical import digest
from aarlab.fleet.tracking.protocol import Run, Sample
from aarlab.lab.board import board, leader
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.events import Kind
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.settings import StudyConfig

_COUNTED = frozenset({Kind.DEV_ANSWERED, Kind.USAGE_REPORTED, Kind.SESSION_ENDED})
_RANKED = frozenset({Kind.VERIFY_FINISHED, Kind.INCIDENT_DECIDED, Kind.INCIDENT_REINSTATED, Kind.REVIEW_FINISHED})
"""After these another row may lead."""


def run_of(first: Event, config: StudyConfig) -> Run:
    """The run of a study, from its first entry."""
    settings: dict[str, str | int | float] = {
        "problem": first.body["problem"],
        "protocol": config.verify.protocol,
        "researchers": config.study.researchers,
        "minds": ", ".join(sorted({config.minds_of(own).words for _, own in config.places})),
        **{f"budget.{name}": value for name, value in config.budget.model_dump().items()},
    }
    return Run(digest(first.hash.encode())[:16], config.study.name, config.tracking.project, settings)


def sample(event: Event, state: State, *, texts: bool) -> Sample | None:
    """What is to be told of an event that was just applied to `state`; None for most."""
    if event.kind == Kind.MARKS_SCORED:
        numbers = _known({f"marks/{name}": mark.value for name, mark in (state.marks or {}).items()})
    elif event.kind in _RANKED:
        numbers = _verified(event, state) | _best(state)
    elif event.kind in _COUNTED:
        numbers = {}
    else:
        return None
    words = _words(event, state) if texts and event.kind == Kind.VERIFY_FINISHED else {}
    return Sample(event.seq, float(event.meta["time"]), numbers | _counts(state), words)


def _verified(event: Event, state: State) -> dict[str, float]:
    if event.kind != Kind.VERIFY_FINISHED:
        return {}
    record = state.submissions[event.body["id"]]
    ends = {"verified/value": record.value, "verified/low": record.low, "verified/high": record.high}
    return _known(ends | {"verified/accuracy": record.facts.get("transfer_acc")})


def _best(state: State) -> dict[str, float]:
    best = leader(board(state).rows)
    return _known({"best/value": best.value, "best/low": best.low}) if best else {}


def _counts(state: State) -> dict[str, float]:
    done = [record.door for record in state.submissions.values() if not record.pending]
    return {
        "count/verified": done.count("verify"),
        "count/dev_answers": done.count("dev"),
        "count/experiments": sum(one.experiments for one in state.researchers.values()),
        "count/incidents": len(state.incidents),
        "spent/dollars": spent_dollars(state),
        "spent/hours": state.clock.seconds() / 3600,
    }


def _words(event: Event, state: State) -> dict[str, str]:
    record = state.submissions[event.body["id"]]
    return {"verified/title": state.proposals[record.proposal].title, "verified/researcher": record.researcher}


def _known(numbers: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in numbers.items() if value is not None}
