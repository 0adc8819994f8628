"""What of the ledger is worth a line in the live view."""

from collections.abc import Callable

from aarlab.cli.output import one_line
from aarlab.cli.views import interval, signed
from aarlab.lab.events import Kind
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.wire import TRUST


def news(event: Event, state: State) -> str | None:
    """One line on an event that was just applied to `state`; None for what nobody waits for."""
    teller = _TELLERS.get(event.kind)
    return teller(event, state) if teller else None


def _marks(_: Event, state: State) -> str:
    scored = [f"{name} {signed(mark.value)}" for name, mark in (state.marks or {}).items()]
    return f"lab: marks scored on fresh draws: {', '.join(scored)}"


def _admitted(event: Event, _: State) -> str:
    who = f"{event.body['name']} ({one_line(event.body['mind'], limit=40)})"
    return f"{who} starts with: {one_line(event.body['direction'], limit=60)}"


def _proposed(event: Event, _: State) -> str:
    return f"{event.actor} proposes: {one_line(event.body['title'])}"


def _dev(event: Event, state: State) -> str:
    entry = state.submissions[event.body["id"]]
    answer = f"{entry.answer:.3f}" if entry.answer is not None else entry.status
    return f"{entry.researcher} dev answer {answer} for: {_title(entry.proposal, state)}"


def _requested(event: Event, state: State) -> str:
    return f"{event.actor} sends to verify: {_title(event.body['proposal'], state)}"


def _verified(event: Event, state: State) -> str:
    entry = state.submissions[event.body["id"]]
    outcome = (
        f"PGR {signed(entry.value)} ({interval(entry.low, entry.high)})" if entry.value is not None else entry.status
    )
    refusal = f", {one_line(entry.refusal)}" if entry.refusal else ""
    best, apart = ", NEW BEST" if entry.new_best else "", f", {entry.apart}" if entry.apart else ""
    said = f"{outcome}{refusal}{apart}{best}" + (f", {TRUST[entry.protocol]}" if TRUST[entry.protocol] else "")
    word = "VERIFIED" if entry.protocol == "method" else "graded"
    return f"lab: {word} {said} for {entry.researcher}: {_title(entry.proposal, state)}"


def _posted(event: Event, _: State) -> str:
    kind = event.body["kind"]
    return f"{event.actor} posts {'an' if kind[0] in 'aeiou' else 'a'} {kind}: {one_line(event.body['title'])}"


def _controlled(event: Event, _: State) -> str:
    reason = f" ({one_line(event.body['reason'])})" if event.body["reason"] else ""
    return f"operator: {event.body['action']} {event.body['researcher'] or 'everybody'}{reason}"


def _steered(event: Event, _: State) -> str:
    return f"operator to {event.body['researcher']}: {one_line(event.body['text'])}"


def _replaced(event: Event, _: State) -> str:
    return f"operator: {event.body['researcher']} goes on with another mind: {one_line(event.body['mind'])}"


def _title(proposal: str, state: State) -> str:
    return one_line(state.proposals[proposal].title, limit=80)


_TELLERS: dict[str, Callable[[Event, State], str]] = {
    Kind.MARKS_SCORED: _marks,
    Kind.RESEARCHER_ADMITTED: _admitted,
    Kind.PROPOSAL_FROZEN: _proposed,
    Kind.DEV_ANSWERED: _dev,
    Kind.VERIFY_REQUESTED: _requested,
    Kind.VERIFY_FINISHED: _verified,
    Kind.FINDING_POSTED: _posted,
    Kind.CONTROL_SET: _controlled,
    Kind.STEER_SENT: _steered,
    Kind.MIND_REPLACED: _replaced,
}
