"""What is new in a request, in the one form of the record: harnesses send the whole conversation every time."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aarlab.minds.agent.rules import Form

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelRequest

_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")


class Said(NamedTuple):
    """One thing in a request that is no answer of the model."""

    text: str
    """Pictures and the like as their kind in brackets."""
    call: str = ""
    """Of which call of a tool it is the result; "" = words of the user's side."""


class Ear:
    """Remembers what of the conversations through one proxy was recorded."""

    def __init__(self) -> None:
        """Nothing was heard."""
        self._known: set[bytes] = set()
        self._tools: dict[str, str] = {}

    def fresh(self, body: Mapping[str, Any], *, form: Form) -> "ModelRequest | None":
        """What this request adds; None = nothing. A conversation that was changed is new from where it was changed."""
        from pydantic_ai.messages import ModelRequest, ModelRequestPart, ToolReturnPart, UserPromptPart

        parts: list[ModelRequestPart] = []
        place = b""
        for item in _items(body, form):
            place = _mark(place, item)
            self._tools |= _calls(item)
            if place in self._known:
                continue
            self._known.add(place)
            for said in _said(item):
                if said.call:
                    name = self._tools.get(said.call, "unknown")
                    parts.append(ToolReturnPart(tool_name=name, content=said.text, tool_call_id=said.call))
                else:
                    parts.append(UserPromptPart(content=said.text))
        system = _flat(body.get("instructions" if form == "responses" else "system") or "")
        told = _mark(b"system", {"content": system})
        fresh = bool(system) and told not in self._known
        self._known.add(told)
        return ModelRequest(parts=parts, instructions=system if fresh else None) if parts or fresh else None


def _items(body: Mapping[str, Any], form: Form) -> Sequence[dict[str, Any]]:
    found = body.get("input" if form == "responses" else "messages")
    if isinstance(found, str):
        return [{"role": "user", "content": found}]
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _mark(before: bytes, item: Any) -> bytes:
    """Names an item by itself and all before it; where a harness marks what is to be cached does not count."""
    text = json.dumps(_bare(item), sort_keys=True)
    return hashlib.sha256(before + text.encode()).digest()


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(held) for name, held in value.items() if name != "cache_control"}
    return [_bare(one) for one in value] if isinstance(value, list) else value


def _calls(item: Mapping[str, Any]) -> dict[str, str]:
    """Names of tools by the id of their call, in an answer that is part of a request."""
    content = item.get("content")
    parts = [item, *(content if isinstance(content, list) else []), *(item.get("tool_calls") or [])]
    found: dict[str, str] = {}
    for part in parts:
        if isinstance(part, dict):
            named = part.get("function", part)
            call, name = part.get("call_id", part.get("id")), named.get("name") if isinstance(named, dict) else None
            if isinstance(call, str) and isinstance(name, str):
                found[call] = name
    return found


def _said(item: Mapping[str, Any]) -> Iterator[Said]:
    if item.get("type") in _RESULTS:
        yield Said(_flat(item.get("output")), str(item.get("call_id")))
    elif item.get("role") == "tool":
        yield Said(_flat(item.get("content")), str(item.get("tool_call_id")))
    elif item.get("role") not in ("assistant", None):
        content = item.get("content")
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, dict) and part.get("type") == "tool_result":
                yield Said(_flat(part.get("content")), str(part.get("tool_use_id")))
            elif text := _flat([part]):
                yield Said(text)


def _flat(content: Any) -> str:
    """Texts of a content, whichever form it has."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(_flat, content)))
    if isinstance(content, dict):
        text = content.get("text")
        return text if isinstance(text, str) else f"[{content.get('type')}]"
    return ""
