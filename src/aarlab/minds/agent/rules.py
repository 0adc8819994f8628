"""What a harness may ask of a provider through the proxy, and how it is told that it may not."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aarlab.minds.llm.names import Name

Form = Literal["messages", "count", "responses", "chat", "models"]
"""Languages of requests: Anthropic Messages and its count of tokens, OpenAI Responses and Chat, and the list."""
ROUTES: Mapping[tuple[str, str, str], Form] = {
    ("anthropic", "POST", "/v1/messages"): "messages",
    ("anthropic", "POST", "/v1/messages/count_tokens"): "count",
    ("anthropic", "GET", "/v1/models"): "models",
    ("openai", "POST", "/v1/responses"): "responses",
    ("openai", "POST", "/v1/chat/completions"): "chat",
    ("openai", "GET", "/v1/models"): "models",
}
"""By vendor, method and path; there is nothing else."""
_MESSAGES = (
    "max_tokens messages metadata output_config output_format stop_sequences stream system temperature thinking "
    "tool_choice tools top_k top_p"
)
_RESPONSES = (
    "include input instructions max_output_tokens max_tool_calls metadata parallel_tool_calls prompt_cache_key "
    "reasoning safety_identifier stream stream_options temperature text tool_choice tools top_logprobs top_p user"
)
_CHAT = (
    "chat_template_kwargs frequency_penalty logit_bias logprobs max_completion_tokens max_tokens messages metadata "
    "parallel_tool_calls presence_penalty prompt_cache_key reasoning_effort response_format seed stop stream "
    "temperature tool_choice tools top_k top_logprobs top_p user verbosity"
)
KEPT: Mapping[Form, frozenset[str]] = {
    "messages": frozenset(_MESSAGES.split()),
    "count": frozenset(_MESSAGES.split()),
    "responses": frozenset(_RESPONSES.split()),
    "chat": frozenset(_CHAT.split()),
}
"""Fields that are sent. Others are left out: some have the provider do, or charge, more than an answer of one model."""
STORED = ("previous_response_id", "conversation", "background", "prompt", "thread")
"""Fields that make a request longer than its body, or outlive it; such a request is refused."""
PLAIN_TOOLS = (None, "function", "custom", "namespace", "local_shell", "apply_patch")
"""Kinds of tools that the harness carries out; those that the provider carries out reach the network: left out."""
LEAST_THOUGHT = 1024
"""Tokens of thinking, the least that Anthropic takes."""
_WORDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
}
_KEYLIKE = re.compile(r"\b(?:sk|pk)-[\w*.-]{6,}")


class NotAllowed(Exception):  # noqa: N818 - an answer to the harness, no failure of ours
    """A request that is not sent. The text goes to the harness."""


@dataclass(frozen=True)
class Cleaned:
    """A request as it will be sent."""

    body: dict[str, Any]
    """JSON."""
    output: int
    """Most tokens of its answer."""


def vendor(name: Name) -> str:
    """Whose host it is."""
    return name.provider.partition("-")[0]


def cleaned(given: bytes, *, form: Form, model: str, output: int) -> Cleaned:
    """The request with the study's model and caps. Raises NotAllowed.

    A request for another model is rewritten to the study's: harnesses like small helpers, and prices are of one model.
    """
    try:
        body = json.loads(given)
    except (ValueError, RecursionError):
        raise NotAllowed("the body is no JSON") from None
    if not isinstance(body, dict):
        raise NotAllowed("the body is no JSON object")
    if found := [field for field in STORED if body.get(field)]:
        raise NotAllowed(f"{found[0]} is not allowed: a request is priced by what it holds")
    kept = {field: value for field, value in body.items() if field in KEPT[form]} | {"model": model}
    if any(_points_away(one) for one in _objects({**kept, "tools": None})):
        raise NotAllowed("what is elsewhere (an address, a stored file) cannot be part of a request; give it as text")
    if isinstance(kept.get("tools"), list):
        kept["tools"] = [one for one in kept["tools"] if isinstance(one, dict) and one.get("type") in PLAIN_TOOLS]
    return _CAPS[form](kept, output) if form in _CAPS else Cleaned(kept, 0)


def _messages(body: dict[str, Any], output: int) -> Cleaned:
    most = _least(body.get("max_tokens"), output)
    for one in _objects(body):
        kept = one.get("cache_control")
        if isinstance(kept, dict):
            kept.pop("ttl", None)  # the longer one has another price
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and "budget_tokens" in thinking:
        thinking["budget_tokens"] = _least(thinking["budget_tokens"], max(LEAST_THOUGHT, most // 2))
        if most <= LEAST_THOUGHT:
            del body["thinking"]
    return Cleaned(body | {"max_tokens": most}, most)


def _responses(body: dict[str, Any], output: int) -> Cleaned:
    most = _least(body.get("max_output_tokens"), output)
    return Cleaned(body | {"max_output_tokens": most, "store": False}, most)


def _chat(body: dict[str, Any], output: int) -> Cleaned:
    field = "max_tokens" if "max_tokens" in body else "max_completion_tokens"
    most = _least(body.get(field), output)
    body.pop("max_completion_tokens" if field == "max_tokens" else "max_tokens", None)
    if body.get("stream"):
        body["stream_options"] = {"include_usage": True}
    return Cleaned(body | {field: most}, most)


_CAPS = {"messages": _messages, "responses": _responses, "chat": _chat}


def _least(asked: Any, most: int) -> int:
    return min(asked, most) if isinstance(asked, int) and asked > 0 else most


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """All JSON objects in a value, but for what a model has written as arguments of a tool."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += [held for name, held in one.items() if (one.get("type"), name) != ("tool_use", "input")]
        elif isinstance(one, list):
            waiting += one


def _points_away(part: Mapping[str, Any]) -> bool:
    """Whether the provider would have to fetch a part of a message: from an address or from its store."""
    kind = part.get("type")
    if kind in ("url", "file", "file_id"):
        return any(isinstance(part.get(field), str) for field in ("url", "file_id"))
    if kind in ("input_image", "input_file", "image_url", "file"):
        held = part.get("image_url", part.get("file_url", part.get("file")))
        address = held.get("url") if isinstance(held, dict) else held
        return "file_id" in part or (isinstance(address, str) and not address.startswith("data:"))
    return kind == "item_reference"


def refusal(vendor: str, status: int, words: str) -> bytes:
    """An error in the provider's own form."""
    kind = _WORDS.get(status, "api_error" if vendor == "anthropic" else "server_error")
    if vendor == "anthropic":
        return json.dumps({"type": "error", "error": {"type": kind, "message": words}}).encode()
    return json.dumps({"error": {"message": words, "type": kind, "param": None, "code": kind}}).encode()


def redacted(data: bytes) -> bytes:
    """An error of a provider without what looks like a key: some repeat a part of it."""
    return _KEYLIKE.sub("[key]", data.decode(errors="replace")).encode()
