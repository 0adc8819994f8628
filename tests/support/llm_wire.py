"""Answers of a scripted language model in the providers' own forms, whole; and what they refuse to be asked."""

import json
from typing import Any

from tests.support.llm_script import Calls, Request, Says

BYTES_PER_TOKEN = 4
"""How the server counts tokens: the length of a request's or an answer's text over this."""


def encoded(reply: Calls | Says, request: Request) -> dict[str, Any]:
    """The answer as JSON."""
    make = {"anthropic": _anthropic, "openai": _responses, "openai-chat": _chat}[request.provider]
    return make(reply, request)


def error(code: str, message: str) -> dict[str, Any]:
    """The body of an error, which serves all three."""
    return {"type": "error", "error": {"type": code, "code": code, "message": message}}


def fault(request: Request) -> str:
    """What the providers find wrong with a conversation: calls without results, results without calls; "" = nothing."""
    calls, results = _ids(request)
    if len(set(calls)) != len(calls):
        return f"ids of calls must be unique: {calls}"
    if sorted(calls) != sorted(results):
        return f"calls and results do not match: {calls} and {results}"
    return ""


def _ids(request: Request) -> tuple[list[str], list[str]]:
    """Of all calls, and of all results."""
    if request.provider == "openai":
        made = [one for one in request.messages if one.get("type") == "function_call"]
        given = [one for one in request.messages if one.get("type") == "function_call_output"]
        return [one["call_id"] for one in made], [one["call_id"] for one in given]
    if request.provider == "openai-chat":
        made = [call for one in request.messages for call in one.get("tool_calls") or []]
        given = [one for one in request.messages if one["role"] == "tool"]
        return [one["id"] for one in made], [one["tool_call_id"] for one in given]
    parts = [part for one in request.messages if not isinstance(one["content"], str) for part in one["content"]]
    made = [part for part in parts if part["type"] == "tool_use"]
    given = [part for part in parts if part["type"] == "tool_result"]
    return [one["id"] for one in made], [one["tool_use_id"] for one in given]


def _anthropic(reply: Calls | Says, request: Request) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if reply.thinks:
        content.append({"type": "thinking", "thinking": reply.thinks, "signature": "c2lnbmF0dXJl"})
    if reply.text:
        content.append({"type": "text", "text": reply.text})
    if isinstance(reply, Calls):
        content += [
            {"type": "tool_use", "id": f"toolu_{request.number}_{n}", "name": name, "input": value}
            for n, (name, value) in enumerate(reply.calls)
        ]
    refuses = isinstance(reply, Says) and reply.refuses
    return {
        "id": f"msg_{request.number}",
        "type": "message",
        "role": "assistant",
        "model": request.body["model"],
        "content": [] if refuses else content,
        "stop_reason": _why(reply, ("refusal", "tool_use", "max_tokens", "end_turn")),
        "stop_sequence": None,
        "usage": {"input_tokens": tokens(request), "output_tokens": said(reply)},
    }


def _responses(reply: Calls | Says, request: Request) -> dict[str, Any]:
    output: list[dict[str, Any]] = []
    if reply.thinks:
        summary = [{"type": "summary_text", "text": reply.thinks}]
        output.append({"type": "reasoning", "id": f"rs_{request.number}", "summary": summary})
    if reply.text:
        refuses = isinstance(reply, Says) and reply.refuses
        part = {"type": "refusal", "refusal": reply.text} if refuses else _output_text(reply.text)
        head = {"type": "message", "id": f"m_{request.number}", "role": "assistant", "status": "completed"}
        output.append({**head, "content": [part]})
    for number, (name, value) in enumerate(reply.calls if isinstance(reply, Calls) else ()):
        call = {"call_id": f"call_{request.number}_{number}", "name": name, "arguments": _arguments(value)}
        item = {"type": "function_call", "id": f"fc_{request.number}_{number}", "status": "completed"}
        output.append({**item, **call, **_namespace(name, request)})
    cut = isinstance(reply, Says) and reply.cut
    usage = {
        "input_tokens": tokens(request),
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said(reply),
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens(request) + said(reply),
    }
    return {
        "id": f"resp_{request.number}",
        "object": "response",
        "created_at": 1,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "model": request.body["model"],
        "output": output,
        "usage": usage,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def _namespace(name: str, request: Request) -> dict[str, str]:
    """Where a tool is offered as one of several under a name."""
    groups = [tool for tool in request.body.get("tools") or [] if tool.get("type") == "namespace"]
    found = [group["name"] for group in groups if any(tool.get("name") == name for tool in group["tools"])]
    return {"namespace": found[0]} if found else {}


def _chat(reply: Calls | Says, request: Request) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if reply.thinks:
        message["reasoning_content"] = reply.thinks
    if isinstance(reply, Calls):
        made = [{"name": name, "arguments": _arguments(value)} for name, value in reply.calls]
        message["content"] = reply.text or None
        message["tool_calls"] = [
            {"id": f"call_{request.number}_{number}", "type": "function", "function": one}
            for number, one in enumerate(made)
        ]
    else:
        message["refusal" if reply.refuses else "content"] = reply.text
    usage = {"prompt_tokens": tokens(request), "completion_tokens": said(reply)}
    return {
        "id": f"chatcmpl-{request.number}",
        "object": "chat.completion",
        "created": 1,
        "model": request.body["model"],
        "choices": [
            {"index": 0, "message": message, "finish_reason": _why(reply, ("stop", "tool_calls", "length", "stop"))}
        ],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


def _why(reply: Calls | Says, words: tuple[str, str, str, str]) -> str:
    """Why it ends, in the provider's words for a refusal, for calls, for too few tokens, and for all that was said."""
    if isinstance(reply, Calls):
        return words[1]
    return words[0] if reply.refuses else words[2] if reply.cut else words[3]


def _arguments(value: dict[str, Any] | str) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def tokens(request: Request) -> int:
    """Of a request."""
    return request.size // BYTES_PER_TOKEN


def said(reply: Calls | Says) -> int:
    """Tokens of an answer."""
    text = json.dumps(reply.calls) if isinstance(reply, Calls) else reply.text
    return len(reply.thinks + text) // BYTES_PER_TOKEN
