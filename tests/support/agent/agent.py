"""A coding agent in its smallest form: asks a model, calls the lab's MCP server or a shell, until nothing is called."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

MODEL, TOOLS, NAME, RULES = sys.argv[1:]
SHELL = {"name": "sh", "description": "A shell.", "parameters": {"type": "object"}}


def post(url: str, body: dict[str, Any], **headers: str) -> Any:
    told = {"content-type": "application/json", "accept": "application/json, text/event-stream", **headers}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), told)) as answer:
        return json.load(answer)


def tools(method: str, **given: Any) -> Any:
    return post(TOOLS, {"jsonrpc": "2.0", "id": 1, "method": f"tools/{method}", "params": given})["result"]


def carried_out(name: str, given: dict[str, Any]) -> str:
    if name == "sh":
        done = subprocess.run(["sh", "-c", given["command"]], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr
    return "\n".join(part["text"] for part in tools("call", name=name, arguments=given)["content"])


def answered(talk: list[dict[str, Any]], offered: list[dict[str, Any]]) -> dict[str, Any]:
    body = {"model": NAME, "messages": talk, "tools": offered}
    message: dict[str, Any] = post(MODEL, body, authorization=f"Bearer {os.environ['SMALL_TOKEN']}")["choices"][0][
        "message"
    ]
    return message


def main() -> None:
    listed = [
        {"name": one["name"], "description": one["description"], "parameters": one["inputSchema"]}
        for one in tools("list")["tools"]
    ]
    offered = [{"type": "function", "function": one} for one in [SHELL, *listed]]
    talk = [{"role": "system", "content": Path(RULES).read_text()}, {"role": "user", "content": sys.stdin.read()}]
    while calls := (said := answered(talk, offered)).get("tool_calls"):
        talk.append(said)
        for call in calls:
            result = carried_out(call["function"]["name"], json.loads(call["function"]["arguments"]))
            talk.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    print(said["content"])


main()
