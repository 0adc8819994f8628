"""An answer of a provider, whole or as a stream of events, in the one form of the record, with what it has used."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aarlab.minds.agent.rules import Form

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse, ModelResponsePart
    from pydantic_ai.usage import RequestUsage

Object = dict[str, Any]


class Stream:
    """Puts the events of a stream together into the answer that would have come without one."""

    def __init__(self, form: Form) -> None:
        """No event has come."""
        self._form = form
        self._answer: Object = {}
        self._parts: dict[int, Object] = {}
        self._ended = False

    @property
    def answer(self) -> Object | None:
        """The whole answer; None while, or when, a part is missing."""
        return self._answer if self._ended else None

    def line(self, line: bytes) -> None:
        """One line of the stream; what is no event of a known form is passed over."""
        if not line.startswith(b"data:"):
            return
        if line[5:].strip() == b"[DONE]":
            self._ended = "usage" in self._answer
            return
        try:
            event = json.loads(line[5:])
            {"messages": self._messages, "responses": self._responses, "chat": self._chat}[self._form](event)
        except (ValueError, KeyError, TypeError, AttributeError):
            return

    def _messages(self, event: Object) -> None:
        kind = event["type"]
        if kind == "message_start":
            self._answer = event["message"] | {"content": []}
        elif kind == "content_block_start":
            self._parts[event["index"]] = dict(event["content_block"])
        elif kind == "content_block_delta":
            _add(self._parts[event["index"]], event["delta"])
        elif kind == "message_delta":
            said = {name: count for name, count in (event.get("usage") or {}).items() if count is not None}
            self._answer["usage"] = {**self._answer["usage"], **said}
        elif kind == "message_stop":
            self._answer["content"] = [self._parts[index] for index in sorted(self._parts)]
            self._ended = True

    def _responses(self, event: Object) -> None:
        if event["type"] in ("response.completed", "response.incomplete", "response.failed"):
            self._answer, self._ended = event["response"], True

    def _chat(self, event: Object) -> None:
        message = self._answer.setdefault("choices", [{"message": {}}])[0]["message"]
        for choice in event.get("choices") or []:
            delta = choice.get("delta") or {}
            for name in ("content", "refusal", "reasoning_content"):
                if isinstance(delta.get(name), str):
                    message[name] = message.get(name, "") + delta[name]
            for call in delta.get("tool_calls") or []:
                self._call(call)
        message["tool_calls"] = [self._parts[index] for index in sorted(self._parts)]
        if event.get("usage"):
            self._answer["usage"] = event["usage"]

    def _call(self, call: Object) -> None:
        known = self._parts.setdefault(call.get("index", 0), {"id": "", "function": {"name": "", "arguments": ""}})
        known["id"] = known["id"] or call.get("id") or ""
        for name in ("name", "arguments"):
            known["function"][name] += (call.get("function") or {}).get(name) or ""


def _add(part: Object, delta: Object) -> None:
    """A piece of a block of Anthropic's."""
    for name in ("text", "thinking", "partial_json"):
        if name in delta:
            part[name] = part.get(name, "") + delta[name]


def answered(answer: Mapping[str, Any] | None, *, form: Form) -> "ModelResponse | None":
    """The answer with its usage; None where it does not say what it has used, so that it counts in full."""
    from pydantic_ai.messages import ModelResponse

    used = usage(answer, form=form) if isinstance(answer, Mapping) else None
    if answer is None or used is None:
        return None
    try:
        parts = {"messages": _of_messages, "responses": _of_responses, "chat": _of_chat}[form](answer)
    except (LookupError, TypeError, ValueError, AttributeError):
        parts = []  # what it has used is known all the same
    model = answer.get("model")
    return ModelResponse(parts=parts, usage=used, model_name=model if isinstance(model, str) else None)


def usage(answer: Mapping[str, Any], *, form: Form) -> "RequestUsage | None":
    """Tokens of an answer: "input" holds what came out of, or went into, a cache."""
    from pydantic_ai.usage import RequestUsage

    found = answer.get("usage")
    if not isinstance(found, Mapping):
        return None
    names = ("prompt_tokens", "completion_tokens") if form == "chat" else ("input_tokens", "output_tokens")
    read, written = (found.get(name) for name in names)
    if not isinstance(read, int) or not isinstance(written, int):
        return None
    if form == "messages":
        kept, again = (_count(found, f"cache_{what}_input_tokens") for what in ("creation", "read"))
        read += kept + again
    else:
        kept, again = 0, _count(found.get(f"{names[0]}_details") or {}, "cached_tokens")
    return RequestUsage(input_tokens=read, output_tokens=written, cache_read_tokens=again, cache_write_tokens=kept)


def _count(found: Mapping[str, Any], name: str) -> int:
    count = found.get(name)
    return count if isinstance(count, int) else 0


def _of_messages(answer: Mapping[str, Any]) -> "list[ModelResponsePart]":
    from pydantic_ai.messages import TextPart, ThinkingPart, ToolCallPart

    parts: list[ModelResponsePart] = []
    for one in answer["content"]:
        if one["type"] == "text":
            parts.append(TextPart(content=one["text"]))
        elif one["type"] == "thinking":
            parts.append(ThinkingPart(content=one["thinking"]))
        elif one["type"] == "tool_use":
            given = one.get("partial_json") or one.get("input") or {}
            parts.append(ToolCallPart(tool_name=one["name"], args=given, tool_call_id=one["id"]))
    return parts


def _of_responses(answer: Mapping[str, Any]) -> "list[ModelResponsePart]":
    from pydantic_ai.messages import TextPart, ThinkingPart, ToolCallPart

    parts: list[ModelResponsePart] = []
    for one in answer["output"]:
        if one["type"] == "message":
            parts += [TextPart(content=part.get("text") or part.get("refusal") or "") for part in one["content"]]
        elif one["type"] == "reasoning":
            text = "\n".join(part["text"] for part in [*(one.get("summary") or []), *(one.get("content") or [])])
            parts += [ThinkingPart(content=text)] if text else []
        elif one["type"] in ("function_call", "custom_tool_call", "local_shell_call"):
            given = one.get("arguments", one.get("input", one.get("action")))
            name = one.get("name", one["type"])
            args = given if isinstance(given, dict) or one["type"] == "function_call" else {"input": given}
            parts.append(ToolCallPart(tool_name=name, args=args, tool_call_id=one["call_id"]))
    return parts


def _of_chat(answer: Mapping[str, Any]) -> "list[ModelResponsePart]":
    from pydantic_ai.messages import TextPart, ThinkingPart, ToolCallPart

    message = answer["choices"][0]["message"]
    thought, text = message.get("reasoning_content"), message.get("content") or message.get("refusal")
    parts: list[ModelResponsePart] = [ThinkingPart(content=thought)] if thought else []
    parts += [TextPart(content=text)] if text else []
    for one in message.get("tool_calls") or []:
        call = one["function"]
        parts.append(ToolCallPart(tool_name=call["name"], args=call["arguments"], tool_call_id=one["id"]))
    return parts
