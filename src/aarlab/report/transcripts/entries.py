"""What a transcript consists of, as typed entries, in the order of the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

SEPARATOR = "__"
"""Between the names of a server and of its tool, as agents with several servers call it."""


@dataclass(frozen=True)
class Entry:
    """What all entries have."""

    line: int
    """In the file, from 1; one line may hold several entries."""
    time: datetime | None
    """When it was written, which is when it ended."""
    session: int
    """Number of its session, from 1; 0 before the first."""


@dataclass(frozen=True)
class Began(Entry):
    """A session begins."""

    model: str
    """As in the settings."""


@dataclass(frozen=True)
class Ended(Entry):
    """A session has ended. It is missing where the process was killed."""


@dataclass(frozen=True)
class Cut(Entry):
    """The conversation had become too long."""

    left_out: int
    """Turns left out by now."""


@dataclass(frozen=True)
class Told(Entry):
    """What was said to the model."""

    role: Literal["system", "user"]
    """Instructions, or a message."""
    text: str
    """The words."""


@dataclass(frozen=True)
class Call:
    """A tool that the model wants to be used."""

    id: str
    """As the provider names the call."""
    tool: str
    """Name."""
    arguments: Mapping[str, Any] | None
    """What it is to work on; None where that is no JSON object."""
    given: str
    """The same as text, as the model wrote it."""


@dataclass(frozen=True)
class Tokens:
    """Of one call."""

    input: int = 0
    """Read, those of the cache included."""
    output: int = 0
    """Written."""
    cache_read: int = 0
    """Of the input, taken from the provider's cache."""
    cache_write: int = 0
    """Of the input, put into it."""


@dataclass(frozen=True)
class Answer(Entry):
    """What the model has said."""

    model: str
    """As the provider names it; as in the settings where it does not."""
    provider: str
    """"" where it is not known."""
    thinking: str
    """Its thoughts, as far as the provider shows them."""
    text: str
    """Its words."""
    calls: tuple[Call, ...]
    """Tools that it wants."""
    tokens: Tokens
    """Read and written."""
    dollars: float
    """What it has cost."""
    prices: str
    """Where the price is from."""
    seconds: float
    """From the question to the answer."""
    finish: str
    """Why it stopped, in the provider-neutral words of the library; "" where that is not known."""


@dataclass(frozen=True)
class Worked(Entry):
    """A tool has worked."""

    call: str
    """Id of the call; "" where the line has none."""
    tool: str
    """Name."""
    text: str
    """The whole result."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True)
class Returned(Entry):
    """A tool's result as the model was told it: a long one is cut."""

    call: str
    """Id of the call."""
    tool: str
    """Name."""
    text: str
    """The words."""
    known: bool
    """Whether a Worked entry has told the same."""


@dataclass(frozen=True)
class Trouble(Entry):
    """A call of the model that failed."""

    words: str
    """Why."""
    dollars: float
    """What it is counted at."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True)
class Strange(Entry):
    """A line that is no entry, or one of a kind that this version does not know."""

    kind: str
    """The unknown kind; "" for a line that cannot be read, such as the one at which a process was killed."""
    text: str
    """The line."""


def is_tool(called: str, tool: str) -> bool:
    """Whether a model that calls `called` means our `tool`: agents put the name of a server before it."""
    return called == tool or called.endswith(f"{SEPARATOR}{tool}")


def words(entry: Entry) -> str:
    """All text of an entry that somebody may look for."""
    match entry:
        case Answer():
            return "\n".join((entry.thinking, entry.text, *(f"{call.tool} {call.given}" for call in entry.calls)))
        case Worked() | Returned():
            return f"{entry.tool}\n{entry.text}"
        case Told() | Strange():
            return entry.text
        case Trouble():
            return entry.words
        case _:
            return ""
