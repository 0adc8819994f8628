"""Transcripts as spans by OpenTelemetry's semantic conventions for generative AI: session, model call, tool call.

Needs no library. Names are those of the conventions; what they have no name for begins with "aarlab.".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aarlab.report.transcripts.entries import Answer, Began, Entry, Returned, Tokens, Told, Trouble
from aarlab.report.transcripts.talk import Asked, Message, asked
from aarlab.report.transcripts.turns import Work, add_up, by_session, turns

PROVIDERS = {"openai-chat": "openai", "google": "gcp.gemini", "google-gla": "gcp.gemini", "xai": "x_ai"}
"""Names of the conventions that are not ours."""


@dataclass(frozen=True)
class Span:
    """One span, before it takes the form of a library."""

    name: str
    """By the conventions: the operation and its object."""
    key: str
    """Names it within its transcript."""
    parent: str
    """Key of the span around it; "" for a session."""
    begin: datetime
    """When it began."""
    end: datetime
    """When it had ended."""
    attributes: Mapping[str, str | int | float]
    """By the names of the conventions."""
    outside: bool = False
    """Whether another service worked, as a model's provider does."""
    error: str = ""
    """Why it failed; "" = it did not."""


def spans(entries: Sequence[Entry], *, study: str, researcher: str, content: bool) -> list[Span]:
    """All spans of a transcript. Without `content` no word of the model, of its tools or instructions is in them.

    What has no time, because its line was damaged, has no span.
    """
    found: list[Span] = []
    for number, session in by_session(entries).items():
        name = f"{study}/{researcher}/{number}"
        found += _Session(session, researcher=researcher, conversation=name, key=f"s{number}", content=content).spans()
    return found


class _Session:
    """The spans of one session."""

    def __init__(
        self, session: Sequence[Entry], *, researcher: str, conversation: str, key: str, content: bool
    ) -> None:
        self._session, self._key, self._content = session, key, content
        self._researcher = researcher
        model = next((entry.model for entry in session if isinstance(entry, Began)), "")
        provider, _, self._model = model.rpartition("/")
        known = {"gen_ai.provider.name": PROVIDERS.get(provider, provider)} if provider else {}
        self._named = {**known, "gen_ai.agent.name": researcher, "gen_ai.conversation.id": conversation}

    def spans(self) -> Iterator[Span]:
        times = [entry.time for entry in self._session if entry.time is not None]
        if not times:
            return
        total = add_up(self._session)
        yield Span(
            f"invoke_agent {self._researcher}",
            self._key,
            "",
            min(times),
            max(times),
            self._common("invoke_agent") | _usage(total.tokens) | {"aarlab.dollars": total.dollars},
        )
        for one in asked(self._session):
            yield from self._chat(one)
        for turn in turns(self._session):
            for number, work in enumerate(turn.work):
                yield from self._tool(work, key=f"{turn.answer.line}.{number}")

    def _common(self, operation: str) -> dict[str, str | int | float]:
        model = {"gen_ai.request.model": self._model} if operation != "execute_tool" else {}
        return {"gen_ai.operation.name": operation, **self._named, **model}

    def _chat(self, one: Asked) -> Iterator[Span]:
        reply = one.reply
        if reply.time is None:
            return
        said = _answered(reply) if isinstance(reply, Answer) else {"error.type": "call_failed"}
        words = _content(one) if self._content else {}
        yield Span(
            f"chat {self._model}",
            str(reply.line),
            self._key,
            reply.time - timedelta(seconds=reply.seconds),
            reply.time,
            {**self._common("chat"), "aarlab.dollars": reply.dollars, **said, **words},
            outside=True,
            error=reply.words if isinstance(reply, Trouble) else "",
        )

    def _tool(self, work: Work, *, key: str) -> Iterator[Span]:
        done = work.worked or work.returned
        if done is None or done.time is None:
            return
        seconds = work.worked.seconds if work.worked else 0.0
        named = {
            "gen_ai.tool.name": work.call.tool,
            "gen_ai.tool.call.id": work.call.id,
            "gen_ai.tool.type": "function",
        }
        words = {"gen_ai.tool.call.arguments": work.call.given, "gen_ai.tool.call.result": done.text}
        yield Span(
            f"execute_tool {work.call.tool}",
            key,
            self._key,
            done.time - timedelta(seconds=seconds),
            done.time,
            {**self._common("execute_tool"), **named, **(words if self._content else {})},
        )


def _answered(answer: Answer) -> dict[str, str | int | float]:
    return {"gen_ai.response.model": answer.model, **_usage(answer.tokens)}


def _usage(tokens: Tokens) -> dict[str, str | int | float]:
    return {
        "gen_ai.usage.input_tokens": tokens.input,
        "gen_ai.usage.output_tokens": tokens.output,
        "gen_ai.usage.cache_read.input_tokens": tokens.cache_read,
        "gen_ai.usage.cache_creation.input_tokens": tokens.cache_write,
    }


def _content(one: Asked) -> dict[str, str]:
    """What the call said that no call before it did, and what was answered."""
    fresh = one.before[len(one.before) - one.new :]
    system = [_text(message.text) for message in fresh if isinstance(message, Told) and message.role == "system"]
    talk = [_message(message) for message in fresh if not (isinstance(message, Told) and message.role == "system")]
    found = {"gen_ai.system_instructions": json.dumps(system)} if system else {}
    found["gen_ai.input.messages"] = json.dumps(talk)
    if isinstance(one.reply, Answer):
        found["gen_ai.output.messages"] = json.dumps([_message(one.reply)])
    return found


def _message(message: Message) -> dict[str, Any]:
    """A message in the form of the conventions."""
    if isinstance(message, Told):
        return {"role": message.role, "parts": [_text(message.text)]}
    if isinstance(message, Returned):
        return {"role": "tool", "parts": [{"type": "tool_call_response", "id": message.call, "response": message.text}]}
    parts = [{"type": "reasoning", "content": message.thinking}] if message.thinking else []
    parts += [_text(message.text)] if message.text else []
    calls: list[dict[str, Any]] = [
        {"type": "tool_call", "id": call.id, "name": call.tool, "arguments": call.arguments or call.given}
        for call in message.calls
    ]
    return {"role": "assistant", "parts": [*parts, *calls], "finish_reason": message.finish}


def _text(words: str) -> dict[str, str]:
    return {"type": "text", "content": words}
