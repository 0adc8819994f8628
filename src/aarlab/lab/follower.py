"""A study's ledger as it grows, read from the disk by whoever may look and folded on the way."""

from collections.abc import Iterator

from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.paths import StudyPaths


class Follower:
    """Reads on from where it has stopped; needs no server, and may begin before the study has."""

    def __init__(self, paths: StudyPaths) -> None:
        """Before the first entry."""
        self._paths = paths
        self.state = State()
        """After the entries that were read."""

    def fresh(self) -> Iterator[Event]:
        """The entries since the last call; `state` is that after each of them. Raises OperatorError as State does."""
        if not self._paths.database.is_file():
            return
        for event in read_events(self._paths.database, after=self.state.seq):
            self.state.apply(event)
            yield event
