"""How long a conversation is, and what is left of one that is too long.

The rule: a conversation of more than `context_tokens` is cut so that its latest whole turns, in at most half of that,
remain behind a new first message, which has the notes as they stand. At least one turn remains. Nothing is summarised.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage

FIRST_RATE = 1.0
"""Tokens a byte before anything was measured: no byte is more than one token."""
MARGIN = 1.25
"""On a measured rate, for text that needs more tokens than that before it."""
SPARE_TOKENS = 1000
"""What a provider adds to a request."""


class Scale:
    """Tokens of a conversation, by its bytes and what the provider has counted so far."""

    def __init__(self) -> None:
        """Nothing is measured yet."""
        self._rate = 0.0

    def learn(self, size: int, *, tokens: int) -> None:
        """A request of `size` bytes had so many tokens."""
        self._rate = max(self._rate, tokens / max(1, size))

    def guess(self, size: int) -> int:
        """About how many tokens so many bytes are."""
        return round(size * (self._rate or FIRST_RATE / 2))

    def most(self, size: int) -> int:
        """More tokens than so many bytes will be."""
        return round(size * min(FIRST_RATE, MARGIN * self._rate or FIRST_RATE)) + SPARE_TOKENS


class Talk:
    """A conversation and its length. Each message is measured once: what was said is not changed."""

    def __init__(self) -> None:
        """Nothing is said yet."""
        self.messages: list[ModelMessage] = []
        self._sizes: list[int] = []

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(self._sizes)

    def add(self, message: "ModelMessage") -> None:
        """Says something more."""
        self.messages.append(message)
        self._sizes.append(_size(message))

    def latest(self, *, most: int) -> "list[ModelMessage]":
        """The latest turns in at most so many bytes, at least one. A turn is an answer with the results of its calls.

        The first message is no turn.
        """
        first, used = len(self.messages), 0
        for start in reversed(range(1, len(self.messages), 2)):
            used += sum(self._sizes[start : start + 2])
            if first < len(self.messages) and used > most:
                break
            first = start
        return self.messages[first:]


def _size(message: "ModelMessage") -> int:
    from pydantic_ai.messages import ModelMessagesTypeAdapter

    return len(ModelMessagesTypeAdapter.dump_json([message]))
