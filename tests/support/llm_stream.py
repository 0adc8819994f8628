"""Whole answers of the three providers as the server-sent events in which they stream them."""

import json
from collections.abc import Iterator
from typing import Any

from tests.support.llm_script import Request
from tests.support.llm_wire import error

PIECE = 12
"""Characters of a text that arrive together."""
Event = dict[str, Any]


def events(answer: dict[str, Any], request: Request) -> list[bytes]:
    """The answer in the order in which its pieces arrive."""
    if request.provider == "openai-chat":
        usage = bool((request.body.get("stream_options") or {}).get("include_usage"))
        return [*(_line(one) for one in _chat(answer, usage=usage)), b"data: [DONE]\n\n"]
    if request.provider == "openai":
        found = [{**one, "sequence_number": number} for number, one in enumerate(_responses(answer))]
    else:
        found = list(_anthropic(answer))
    return [_named(one) for one in found]


def failure(code: str, message: str, request: Request, answer: dict[str, Any]) -> bytes:
    """How the provider reports an error when the answer has begun."""
    if request.provider == "anthropic":
        return _named(error(code, message))
    if request.provider == "openai":
        failed = {"status": "failed", "output": [], "usage": None, "error": {"code": code, "message": message}}
        return _named({"type": "response.failed", "sequence_number": 99, "response": {**answer, **failed}})
    return _line({"error": {"type": code, "code": code, "message": message}})


def _named(event: Event) -> bytes:
    return f"event: {event['type']}\n".encode() + _line(event)


def _line(event: Event) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def _anthropic(answer: dict[str, Any]) -> Iterator[Event]:
    begun = {"input_tokens": answer["usage"]["input_tokens"], "output_tokens": 1}
    yield {"type": "message_start", "message": {**answer, "content": [], "stop_reason": None, "usage": begun}}
    yield {"type": "ping"}
    for index, block in enumerate(answer["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **_EMPTY[block["type"]]}}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": answer["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


_EMPTY: dict[str, Event] = {
    "text": {"text": ""},
    "tool_use": {"input": {}},
    "thinking": {"thinking": "", "signature": ""},
}
"""What a block has when it begins."""


def _deltas(block: Event) -> list[Event]:
    if block["type"] == "text":
        return [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]
    if block["type"] == "thinking":
        thought = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"])]
        return [*thought, {"type": "signature_delta", "signature": block["signature"]}]
    given = block["input"] if isinstance(block["input"], str) else json.dumps(block["input"])
    return [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *_pieces(given)]]


def _responses(answer: dict[str, Any]) -> Iterator[Event]:
    begun = {**answer, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(answer["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        hollow = {"message": {"content": []}, "function_call": {"arguments": ""}, "reasoning": {"summary": []}}
        fresh = {**item, **hollow[item["type"]], "status": "in_progress"}
        yield {"type": "response.output_item.added", "output_index": index, "item": fresh}
        if item["type"] == "function_call":
            name, text = "response.function_call_arguments", item["arguments"]
            yield from ({"type": f"{name}.delta", **place, "delta": piece} for piece in _pieces(text))
            yield {"type": f"{name}.done", **place, "name": item["name"], "arguments": text}
        elif item["type"] == "reasoning":
            yield from _summary(item["summary"], place)
        else:
            yield from _contents(item["content"], place)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": answer}


def _summary(parts: list[Event], place: Event) -> Iterator[Event]:
    for number, part in enumerate(parts):
        at = {**place, "summary_index": number}
        yield {"type": "response.reasoning_summary_part.added", **at, "part": {**part, "text": ""}}
        for piece in _pieces(part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", **at, "delta": piece}
        yield {"type": "response.reasoning_summary_text.done", **at, "text": part["text"]}
        yield {"type": "response.reasoning_summary_part.done", **at, "part": part}


def _contents(parts: list[Event], place: Event) -> Iterator[Event]:
    for number, part in enumerate(parts):
        at = {**place, "content_index": number}
        kind = "refusal" if part["type"] == "refusal" else "text"
        name = "response.refusal" if kind == "refusal" else "response.output_text"
        more: Event = {} if kind == "refusal" else {"logprobs": []}
        yield {"type": "response.content_part.added", **at, "part": {**part, kind: ""}}
        for piece in _pieces(part[kind]):
            yield {"type": f"{name}.delta", **at, "delta": piece, **more}
        yield {"type": f"{name}.done", **at, kind: part[kind], **more}
        yield {"type": "response.content_part.done", **at, "part": part}


def _chat(answer: dict[str, Any], *, usage: bool) -> Iterator[Event]:
    head = {"id": answer["id"], "object": "chat.completion.chunk", "created": 1, "model": answer["model"]}
    head |= {"usage": None} if usage else {}
    choice = answer["choices"][0]
    for delta in _chat_deltas(choice["message"]):
        yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    if usage:
        yield {**head, "choices": [], "usage": answer["usage"]}


def _chat_deltas(message: Event) -> Iterator[Event]:
    yield {"role": "assistant", "content": ""}
    for key in ("reasoning_content", "content", "refusal"):
        yield from ({key: piece} for piece in _pieces(message.get(key) or ""))
    for index, call in enumerate(message.get("tool_calls", [])):
        made = call["function"]
        yield {"tool_calls": [{"index": index, **call, "function": {"name": made["name"], "arguments": ""}}]}
        for piece in _pieces(made["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
