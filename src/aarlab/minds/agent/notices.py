"""What a harness is told between two calls of tools: the operator's words, the end of a session or of the study."""

from aarlab.minds.protocol import Workbench

WARN_TURNS = 3
"""Answers before the end of a session at which it is told to save its notes."""
LAST_TURNS = 3
"""Answers that it has when the study ends."""
SAVE = "Save in your notes (tool `note`) what you will need."


class Notices:
    """Of one session. Answers of the model are counted from outside."""

    def __init__(self, bench: Workbench, *, turns: int) -> None:
        """`turns`: most answers of this session."""
        self._bench = bench
        self._ends_at = turns
        self._heard = len(bench.door.me().messages)
        self._told_end = self._told_near = False
        self.answers = 0
        """Of the model, so far."""

    @property
    def over(self) -> bool:
        """Whether the session has had all its answers."""
        return self.answers > self._ends_at

    def fresh(self) -> list[str]:
        """What it was not told yet. Waits while the researcher is paused. Raises Stopped."""
        ends = self._bench.should_stop()
        said = self._bench.door.me().messages
        found = [f"The operator says: {text}" for text in said[self._heard :]]
        self._heard = len(said)
        if ends and not self._told_end:
            self._told_end, left = True, min(LAST_TURNS, max(0, self._ends_at - self.answers))
            self._ends_at = self.answers + left
            found.append(f"The study ends. You have {left} turns: send your best method to verify. {SAVE}")
        elif not ends and not self._told_near and self._ends_at - self.answers <= WARN_TURNS:
            self._told_near = True
            left = self._ends_at - self.answers
            found.append(f"This session ends after {left} more turns; a fresh one follows. {SAVE}")
        return found
