"""One transcript as messages and events of Inspect."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aarlab.report.transcripts.entries import (
    Answer,
    Began,
    Call,
    Cut,
    Entry,
    Returned,
    Strange,
    Tokens,
    Told,
    Trouble,
    Worked,
)
from aarlab.report.transcripts.talk import Asked, Message, asked
from aarlab.report.transcripts.turns import Turn, Work, by_session, turns

if TYPE_CHECKING:
    from inspect_ai.event import Event
    from inspect_ai.model import ChatMessage, ModelOutput, ModelUsage
    from inspect_ai.tool import ToolCall

_STOPS: dict[str, Any] = {
    "stop": "stop",
    "length": "max_tokens",
    "tool_call": "tool_calls",
    "content_filter": "content_filter",
}
"""Why a model stopped: the library's words, and Inspect's."""


class Recorder:
    """Builds the sample of one researcher."""

    def __init__(self, researcher: str, *, first: datetime) -> None:
        """`first` is the time of the first entry."""
        self._researcher, self._first, self._now = researcher, first, first
        self._known: dict[tuple[int, int], ChatMessage] = {}
        self._model = self._span = ""
        self.messages: list[ChatMessage] = []
        """The conversation over all sessions."""
        self.events: list[Event] = []
        """What happened."""
        self.usage: dict[str, ModelUsage] = {}
        """Tokens and dollars by model."""
        self.output: ModelOutput | None = None
        """The last answer."""

    def record(self, entries: Sequence[Entry]) -> None:
        """Takes in a transcript."""
        for number, session in by_session(entries).items():
            self._session(number, session)

    def _session(self, number: int, session: Sequence[Entry]) -> None:
        from inspect_ai.event import SpanBeginEvent, SpanEndEvent

        self._model = next((entry.model for entry in session if isinstance(entry, Began)), self._model)
        self._span = f"{self._researcher}-session-{number}"
        about = {"id": self._span, "name": f"session {number}", "type": "agent"}
        self.events.append(SpanBeginEvent(**about, **self._at(session[0])))
        calls = {one.reply.line: one for one in asked(session)}
        work = {turn.answer.line: turn for turn in turns(session)}
        for entry in session:
            self._entry(entry, calls, work)
        self.events.append(SpanEndEvent(id=self._span, **self._at(session[-1])))

    def _entry(self, entry: Entry, calls: dict[int, Asked], work: dict[int, Turn]) -> None:
        match entry:
            case Told() | Returned():
                self.messages.append(self._message(entry))
            case Answer():
                self.messages.append(self._message(entry))
                self._called(calls[entry.line])
                for one in work[entry.line].work:
                    self._worked(one)
            case Trouble():
                self._called(calls[entry.line])
            case Cut():
                self._info(entry, {"cut": "the conversation was too long", "turns_left_out": entry.left_out})
            case Strange():
                self._info(entry, {"damaged_line": entry.line} if not entry.kind else {"unknown": entry.text})

    def _message(self, entry: Message) -> "ChatMessage":
        """A message; the same one wherever it appears, because Inspect keeps equal messages once."""
        place = (entry.line, id(entry))
        if place not in self._known:
            self._known[place] = self._made(entry, id=f"{self._researcher}-{entry.line}-{len(self._known)}")
        return self._known[place]

    def _made(self, entry: Message, *, id: str) -> "ChatMessage":
        from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser

        about = {"session": entry.session, "line": entry.line}
        if isinstance(entry, Returned):
            tool = {"tool_call_id": entry.call, "function": entry.tool}
            return ChatMessageTool(id=id, content=entry.text, metadata=about, **tool)
        if isinstance(entry, Told):
            kind = ChatMessageSystem if entry.role == "system" else ChatMessageUser
            return kind(id=id, content=entry.text, metadata=about)
        return ChatMessageAssistant(
            id=id,
            content=_content(entry),
            tool_calls=[_call(call) for call in entry.calls] or None,
            model=entry.model,
            source="generate",
            metadata=about,
        )

    def _called(self, one: Asked) -> None:
        """A call of the model, answered or failed."""
        from inspect_ai.event import ModelEvent
        from inspect_ai.model import ChatCompletionChoice, GenerateConfig, ModelOutput, ModelUsage

        reply = one.reply
        usage = ModelUsage(total_cost=reply.dollars)
        output = ModelOutput(model=self._model, usage=usage, time=reply.seconds)
        if isinstance(reply, Answer):
            usage = _usage(reply.tokens, reply.dollars)
            stop = _STOPS.get(reply.finish, "tool_calls" if reply.calls else "unknown")
            choice = ChatCompletionChoice(message=self._message(reply), stop_reason=stop)
            output = ModelOutput(model=reply.model, choices=[choice], usage=usage, time=reply.seconds)
            self.output = output
        self.usage[self._model] = self.usage[self._model] + usage if self._model in self.usage else usage
        self.events.append(
            ModelEvent(
                model=self._model,
                input=[self._message(message) for message in one.before],
                tools=[],
                tool_choice="auto",
                config=GenerateConfig(),
                output=output,
                error=reply.words if isinstance(reply, Trouble) else None,
                **self._during(reply, seconds=reply.seconds),
            )
        )

    def _worked(self, one: Work) -> None:
        """A tool that has worked; one that never answered has no event."""
        from inspect_ai.event import ToolEvent

        done: Worked | Returned | None = one.worked or one.returned
        if done is None:
            return
        told, all_of_it = one.returned.text if one.returned else "", done.text
        cut = (len(all_of_it.encode()), len(told.encode())) if told and len(told) < len(all_of_it) else None
        call = _call(one.call)
        self.events.append(
            ToolEvent(
                id=one.call.id,
                function=one.call.tool,
                arguments=call.arguments,
                result=all_of_it,
                truncated=cut,
                message_id=self._message(one.returned).id if one.returned else None,
                **self._during(done, seconds=one.worked.seconds if one.worked else 0.0),
            )
        )

    def _info(self, entry: Entry, data: dict[str, Any]) -> None:
        from inspect_ai.event import InfoEvent

        self.events.append(InfoEvent(source="aarlab", data=data, **self._at(entry)))

    def _at(self, entry: Entry, *, seconds: float = 0.0) -> dict[str, Any]:
        """When and where an event began; what has no time of its own has that of what was before it."""
        self._now = entry.time or self._now
        begin = self._now - timedelta(seconds=seconds)
        working = max(0.0, (begin - self._first).total_seconds())
        id = f"{self._researcher}-event-{len(self.events)}"
        return {"timestamp": begin, "working_start": working, "span_id": self._span, "uuid": id}

    def _during(self, entry: Entry, *, seconds: float) -> dict[str, Any]:
        begun = self._at(entry, seconds=seconds)
        return {**begun, "completed": self._now, "working_time": seconds}


def _content(answer: Answer) -> Any:
    """Thoughts and words."""
    from inspect_ai.model import ContentReasoning, ContentText

    if not answer.thinking:
        return answer.text
    words = [ContentText(text=answer.text)] if answer.text else []
    return [ContentReasoning(reasoning=answer.thinking), *words]


def _call(call: Call) -> "ToolCall":
    from inspect_ai.tool import ToolCall

    if call.arguments is None:
        return ToolCall(id=call.id, function=call.tool, arguments={}, parse_error=f"no JSON object: {call.given}")
    return ToolCall(id=call.id, function=call.tool, arguments=dict(call.arguments))


def _usage(tokens: Tokens, dollars: float) -> "ModelUsage":
    """Inspect counts cached input apart, the libraries of providers within the input."""
    from inspect_ai.model import ModelUsage

    return ModelUsage(
        input_tokens=max(0, tokens.input - tokens.cache_read - tokens.cache_write),
        output_tokens=tokens.output,
        total_tokens=tokens.input + tokens.output,
        input_tokens_cache_read=tokens.cache_read,
        input_tokens_cache_write=tokens.cache_write,
        total_cost=dollars,
    )
