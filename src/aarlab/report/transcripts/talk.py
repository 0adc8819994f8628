"""What the model had before it each time it was asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aarlab.report.transcripts.entries import Answer, Cut, Entry, Returned, Told, Trouble

Message = Told | Answer | Returned
"""What a conversation consists of."""


@dataclass(frozen=True)
class Asked:
    """One call of the model."""

    reply: Answer | Trouble
    """What came of it."""
    before: tuple[Message, ...]
    """The conversation that it was sent, oldest first."""
    new: int
    """How many of these, from the end, it had not been sent before."""


def asked(session: Sequence[Entry]) -> Iterator[Asked]:
    """The calls of one session, in order.

    After a cut the conversation is a new first message and the latest turns, as in `minds.llm.context`.
    """
    talk = _Talk()
    for entry in session:
        if isinstance(entry, Answer | Trouble):
            before = talk.messages()
            yield Asked(entry, before, min(talk.new, len(before)))
        talk.take(entry)


class _Talk:
    """A conversation that grows and is cut."""

    def __init__(self) -> None:
        self.new = 0
        self._system: list[Message] = []
        self._turns: list[list[Message]] = [[]]
        """The first message, then each answer with what follows it."""
        self._left_out = 0

    def messages(self) -> tuple[Message, ...]:
        """The conversation as it stands."""
        kept = [self._turns[0], *self._turns[1 + self._left_out :]]
        return (*self._system, *(message for turn in kept for message in turn))

    def take(self, entry: Entry) -> None:
        """One entry more."""
        match entry:
            case Told(role="system"):
                self._system = [entry]
                self.new += 1
            case Told() | Returned():
                self._turns[-1].append(entry)
                self.new += 1
            case Answer():
                self._turns.append([entry])
                self.new = 0
            case Cut():
                self._cut(entry)

    def _cut(self, cut: Cut) -> None:
        """The last message was the new first one."""
        self._left_out = cut.left_out
        if len(self._turns) > 1 and isinstance(self._turns[-1][-1], Told):
            self._turns[0] = [self._turns[-1].pop()]
