"""What a scripted language model is asked and what it does: requests as they arrived, and the steps of a script."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Call = tuple[str, dict[str, Any] | str]
"""Name of a tool and its arguments; a text is sent as it is, so it may be no JSON at all."""


@dataclass(frozen=True)
class Request:
    """One that arrived."""

    provider: str
    """As the monitor names it: which of the three languages was spoken."""
    headers: dict[str, str]
    """Names in small letters."""
    body: dict[str, Any]
    """JSON."""
    size: int
    """Bytes of the body."""
    number: int = 0
    """How many came before it."""

    @property
    def streams(self) -> bool:
        """Whether the answer is to come piece by piece."""
        return bool(self.body.get("stream"))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation."""
        found = self.body["input" if self.provider == "openai" else "messages"]
        return [{"role": "user", "content": found}] if isinstance(found, str) else list(found)

    @property
    def system(self) -> str:
        """The instructions."""
        if self.provider == "openai-chat":
            return "".join(flat(m["content"]) for m in self.messages if m["role"] in ("system", "developer"))
        return flat(self.body.get("system" if self.provider == "anthropic" else "instructions") or "")

    @property
    def user(self) -> str:
        """The first message of the user."""
        return flat(next(message["content"] for message in self.messages if message.get("role") == "user"))

    @property
    def researcher(self) -> str:
        """Who asks, by the words "You are r2." with which its first message begins; "" where they stand nowhere."""
        for text in (self.user, json.dumps(self.body)):
            if found := re.search(r"You are (r\d+)\.", text):
                return found[1]
        return ""

    @property
    def results(self) -> list[str]:
        """Results of the tools that the last answer has called, in their order."""
        if self.provider == "anthropic":
            last = self.messages[-1]["content"]
            parts = [] if isinstance(last, str) else last
            return [flat(part["content"]) for part in parts if part["type"] == "tool_result"]
        key, name = ("output", "function_call_output") if self.provider == "openai" else ("content", "tool")
        found: list[str] = []
        for one in reversed(self.messages):
            if name in (one.get("type"), one.get("role")):
                found.insert(0, flat(one[key]))
            elif found:
                break
        return found

    @property
    def tools(self) -> list[str]:
        """Names of what the model may call."""
        found = [tool.get("function", tool) for tool in self.body.get("tools", [])]
        return [tool.get("name") or tool["type"] for tool in found]


@dataclass(frozen=True)
class Gives:
    """The model gives structured output: as a call of the request's first tool, or as JSON where it has no tool."""

    value: dict[str, Any]


@dataclass(frozen=True, init=False)
class Calls:
    """The model calls tools, all in one answer: (name, arguments) each."""

    calls: tuple[Call, ...]
    text: str
    thinks: str

    def __init__(self, *calls: Call, text: str = "", thinks: str = "") -> None:
        object.__setattr__(self, "calls", calls)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "thinks", thinks)


@dataclass(frozen=True)
class Says:
    """The model says something instead."""

    text: str
    refuses: bool = False
    thinks: str = ""


@dataclass(frozen=True)
class Fails:
    """An HTTP error."""

    status: int
    message: str = "scripted"
    code: str = "scripted"
    retry_after_ms: int | None = 1
    """Of the header `retry-after-ms`; None = without it."""
    retry_after: str = ""
    """The header `retry-after`, word for word, in place of the other one."""


@dataclass(frozen=True)
class Raw:
    """Bytes with status 200."""

    data: bytes


@dataclass(frozen=True)
class Drops:
    """The connection is closed without an answer."""


@dataclass(frozen=True)
class Hangs:
    """No answer until the server is closed."""


@dataclass(frozen=True)
class DropsMidway:
    """The connection is closed in the middle of an answer."""

    after: int = 4
    """Events of the stream that arrive."""
    reply: Calls | Says = Says("the beginning of an answer that has no end")
    """The answer."""
    clean: bool = False
    """Whether it ends as if that were all, as a proxy in between may do it."""


@dataclass(frozen=True)
class Stalls:
    """An answer of which nothing more arrives, until the server is closed."""

    after: int = 4
    """Events of the stream that arrive."""
    reply: Calls | Says = Says("the beginning of an answer that has no end")
    """The answer."""


@dataclass(frozen=True)
class FailsMidway:
    """The provider reports an error in the middle of an answer that has begun with status 200."""

    after: int = 4
    """Events of the stream that arrive before it."""
    code: str = "overloaded_error"
    """Type of the error."""
    message: str = "Overloaded"
    """Its words."""
    reply: Calls | Says = Says("the beginning of an answer that has no end")
    """The answer."""


@dataclass(frozen=True)
class Paced:
    """An answer that takes its time: the first half of it before the first piece, then piece by piece."""

    reply: Calls | Says
    """The answer."""
    seconds: float
    """From the request to its end."""


Reply = Gives | Calls | Says | Fails | Raw | Drops | Hangs | DropsMidway | Stalls | FailsMidway | Paced
Step = Reply | Callable[[Request], Reply]


class Scripts:
    """A policy for several researchers at once: each follows a script of its own, and then does what all do."""

    def __init__(self, scripts: Mapping[str, Sequence[Step]], *, at_end: Step = Says("I have nothing to do.")) -> None:
        """`scripts` by the name of the researcher."""
        self.left = {name: list(steps) for name, steps in scripts.items()}
        """What is still to come."""
        self._at_end = at_end

    def __call__(self, request: Request) -> Reply:
        """The next step of who asks."""
        left = self.left.get(request.researcher)
        step = left.pop(0) if left else self._at_end
        return step(request) if callable(step) else step


def flat(content: str | Sequence[dict[str, Any]]) -> str:
    """The text of a message's content, in any of its forms."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
