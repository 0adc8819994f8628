"""Calls of tools as JSON of an enforced form, for models and servers that know no tools.

Each answer is one call. The server keeps the model to the form (structured output), so that even a model that never
calls a tool by itself takes part. The conversation that is sent has no tools in it: calls and results are plain text.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelRequest, ModelRequestPart, ModelResponse
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.tools import ToolDefinition

END = "end_session"
"""Called by a model that has nothing more to do in this session."""
NO_CALL = "(an answer that is no call)"
"""Stands for the tool where the answer is no JSON of the form: it was cut, or the server does not enforce the form."""
HOW = "You work by calls. Each of your answers is one call, as JSON: the name of a tool and its arguments. The tools:"
_LENGTHS = ("maxLength", "minLength", "title")
"""What grammars of small servers are slow with, or what says nothing; the tool itself checks lengths."""


def parameters(tools: "Sequence[ToolDefinition]") -> "ModelRequestParameters":
    """What to ask of the provider: an answer of the form of one call."""
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition

    calls = [_call(tool.name, _lean(tool.parameters_json_schema)) for tool in tools]
    calls.append(_call(END, {"type": "object", "properties": {}, "additionalProperties": False}))
    form = {
        "type": "object",
        "properties": {"call": {"anyOf": calls}},
        "required": ["call"],
        "additionalProperties": False,
    }
    wanted = OutputObjectDefinition(json_schema=form, name="call", strict=False)
    return ModelRequestParameters(output_mode="native", output_object=wanted, allow_text_output=False)


def plain(talk: "Sequence[ModelMessage]", *, tools: "Sequence[ToolDefinition]") -> "list[ModelMessage]":
    """The conversation as text, with the tools described in its instructions."""
    from pydantic_ai.messages import ModelRequest

    described = [f"{tool.name}: {tool.description} {json.dumps(_fields(tool))}" for tool in tools]
    told = "\n".join([HOW, *described, f"{END}: Ends this session. {{}}"])
    found: list[ModelMessage] = []
    for message in talk:
        if not isinstance(message, ModelRequest):
            found.append(_said(message))
        elif message.instructions:
            found.append(replace(_asked(message), instructions=f"{message.instructions}\n\n{told}"))
        else:
            found.append(_asked(message))
    return found


def called(answer: "ModelResponse", *, number: int) -> "ModelResponse":
    """The answer with its call as a call; without any where the model ends its session."""
    from pydantic_ai.messages import TextPart, ToolCallPart

    text = answer.text or ""
    try:
        call = json.loads(text)["call"]
        name, given = str(call["tool"]), dict(call["arguments"])
    except (ValueError, LookupError, TypeError):
        name, given = NO_CALL, {}
    if name == END:
        return replace(answer, parts=[TextPart(content=text)])
    return replace(answer, parts=[ToolCallPart(tool_name=name, args=given, tool_call_id=f"call-{number}")])


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"tool": {"const": name}, "arguments": arguments},
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }


def _lean(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _lean(value) for key, value in schema.items() if key not in _LENGTHS or isinstance(value, dict)}
    return [_lean(value) for value in schema] if isinstance(schema, list) else schema


def _fields(tool: "ToolDefinition") -> dict[str, str]:
    fields: dict[str, dict[str, Any]] = tool.parameters_json_schema.get("properties", {})
    return {name: str(field.get("description") or field.get("type", "")) for name, field in fields.items()}


def _said(answer: "ModelResponse") -> "ModelResponse":
    from pydantic_ai.messages import TextPart, ToolCallPart

    parts = []
    for part in answer.parts:
        if isinstance(part, ToolCallPart):
            call = {"call": {"tool": part.tool_name, "arguments": part.args_as_dict()}}
            parts.append(TextPart(content=json.dumps(call)))
        elif isinstance(part, TextPart):
            parts.append(part)
    return replace(answer, parts=parts)


def _asked(request: "ModelRequest") -> "ModelRequest":
    from pydantic_ai.messages import ToolReturnPart, UserPromptPart

    parts: list[ModelRequestPart] = [
        UserPromptPart(content=f"result of {part.tool_name}:\n{part.content}")
        if isinstance(part, ToolReturnPart)
        else part
        for part in request.parts
    ]
    return replace(request, parts=parts)
