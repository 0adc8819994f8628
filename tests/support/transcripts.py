"""A transcript as any harness may write it, entry by entry."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aarlab.report.transcripts.entries import Entry
from aarlab.report.transcripts.reader import Reader

OPENING = {
    "parts": [{"part_kind": "user-prompt", "content": "Your direction: look"}],
    "instructions": "Cheating disqualifies.",
}
TOKENS = {"input": 100, "output": 20, "cache_read": 60, "cache_write": 10}


class Script:
    """Collects entries a second apart."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def add(self, kind: str, **more: Any) -> "Script":
        """Any entry."""
        time = f"2026-01-02T03:{len(self.lines) // 60:02}:{len(self.lines) % 60:02}.000+00:00"
        self.lines.append({"time": time, "kind": kind, **more})
        return self

    def session(self) -> "Script":
        """Begins one, with what the model is told first."""
        return self.add("session", model="anthropic/m").add("message", message=OPENING)

    def answer(self, *calls: tuple[str, str, Any], text: str = "", thinking: str = "") -> "Script":
        """An answer that calls (id, tool, arguments)."""
        parts = [{"part_kind": "thinking", "content": thinking}] if thinking else []
        parts += [{"part_kind": "text", "content": text}] if text else []
        made = [
            {"part_kind": "tool-call", "tool_call_id": id, "tool_name": tool, "args": args} for id, tool, args in calls
        ]
        message = {"parts": [*parts, *made], "model_name": "m-1", "finish_reason": "tool_call" if calls else "stop"}
        cost = {"tokens": TOKENS, "dollars": 0.25, "prices": "settings", "seconds": 0.5}
        return self.add("answer", message=message, **cost)

    def tool(self, tool: str, result: str, **more: Any) -> "Script":
        """A result as the toolbox writes it."""
        return self.add("tool", tool=tool, result=result, seconds=0.125, **more)

    def results(self, *results: tuple[str, str, str], text: str = "") -> "Script":
        """What the model was told: (id, tool, text)."""
        parts: list[Mapping[str, Any]] = [
            {"part_kind": "tool-return", "tool_call_id": id, "tool_name": tool, "content": words}
            for id, tool, words in results
        ]
        more = [{"part_kind": "user-prompt", "content": text}] if text else []
        return self.add("message", message={"parts": [*parts, *more]})

    def bytes(self) -> bytes:
        """As in the file."""
        return b"".join(json.dumps(line).encode() + b"\n" for line in self.lines)

    def read(self) -> list[Entry]:
        """As typed entries."""
        return read(self.bytes())

    def write(self, path: Path) -> None:
        """Into a file."""
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.bytes())


def read(data: bytes) -> list[Entry]:
    """The entries of a file with this content."""
    reader = Reader()
    return [entry for line in data.splitlines(keepends=True) for entry in reader.feed(line)]


def kinds(entries: Sequence[Entry]) -> list[str]:
    """Their classes."""
    return [type(entry).__name__ for entry in entries]
