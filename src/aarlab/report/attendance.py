"""How long each researcher has worked, in the working time of its study."""

from collections.abc import Iterable

from aarlab.lab.events import Kind
from aarlab.lab.state import State
from aarlab.lab.store import Event

HUMAN = "human"
"""The mind of a person, who works from its first sign in a session on and not from the session's beginning."""


class Attendance:
    """Adds up working time: in each session from its beginning to a researcher's last entry, less its pauses.

    What a researcher does after its last entry does not count: hours are rather too few than too many, and dollars per
    hour rather too many.
    """

    def __init__(self) -> None:
        """Nobody has worked."""
        self.seconds: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def see(self, event: Event, state: State) -> None:
        """Takes in an event; `state` is that after it."""
        now = state.clock.seconds()
        if event.kind == Kind.SESSION_STARTED:
            minds = [one for one in state.researchers.values() if one.mind != HUMAN and one.control == "run"]
            self._since = {one.name: now for one in minds}
        elif event.kind == Kind.SESSION_ENDED:
            self._since = {}
        elif state.clock.open:
            for name in _about(event, state):
                self._sign(name, now, paused=event.kind == Kind.CONTROL_SET and event.body["action"] == "pause")

    def _sign(self, name: str, now: float, *, paused: bool) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since.get(name, now)
        self._since[name] = now
        if paused:
            del self._since[name]


def _about(event: Event, state: State) -> Iterable[str]:
    """Researchers of whom an event is a sign of life, or who are told to pause or to go on."""
    if event.kind == Kind.CONTROL_SET and event.body["researcher"] is None:
        return list(state.researchers)
    named = {Kind.USAGE_REPORTED: "researcher", Kind.CONTROL_SET: "researcher", Kind.RESEARCHER_ADMITTED: "name"}
    name = event.body[named[Kind(event.kind)]] if event.kind in named else event.actor
    return [name] if name in state.researchers else []
