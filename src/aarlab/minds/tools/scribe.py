"""What of a conversation is kept: every message, call, result, cost and time, as entries for the bench's record."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aarlab.minds.protocol import Workbench
from aarlab.quote import visible

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse

LINES, CHARACTERS = 200, 2000
"""Of one text, in the log."""


class Scribe:
    """Writes down one researcher's conversation."""

    def __init__(self, bench: Workbench, *, model: str) -> None:
        """`model` as in the settings."""
        self._bench = bench
        self._model = model

    def session(self, event: str, **more: Any) -> None:
        """A session begins or ends, or its conversation is cut."""
        self._bench.record({"kind": event, "model": self._model, **more})

    def message(self, message: "ModelMessage") -> None:
        """What was said to the model."""
        self._bench.record({"kind": "message", "message": _plain(message)})

    def answer(self, answer: "ModelResponse", *, dollars: float, seconds: float, prices: str) -> None:
        """What the model has said, and what that has cost."""
        usage = answer.usage
        tokens = {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cache_read": usage.cache_read_tokens,
            "cache_write": usage.cache_write_tokens,
        }
        cost: Mapping[str, Any] = {"tokens": tokens, "dollars": dollars, "prices": prices, "seconds": round(seconds, 3)}
        self._bench.record({"kind": "answer", "message": _plain(answer), **cost})
        self._tell("thinks", answer.thinking or "")
        self._tell("says", answer.text or "")

    def trouble(self, words: str, *, dollars: float, seconds: float) -> None:
        """A failed call."""
        self._bench.record({"kind": "trouble", "words": words, "dollars": dollars, "seconds": round(seconds, 3)})

    def command(self, text: str) -> None:
        """A shell command that is about to run."""
        self._tell("bash", text)

    def call(self, tool: str, *, result: str, seconds: float) -> None:
        """A tool has worked; the arguments stand in the answer that called it."""
        self._bench.record({"kind": "tool", "tool": tool, "result": result, "seconds": round(seconds, 3)})

    def _tell(self, what: str, text: str) -> None:
        """Into the log too, line by line: there the lab's detectors and the monitor read what a mind says and does."""
        for line in text.splitlines()[:LINES]:
            if shown := visible(line).strip()[:CHARACTERS]:
                self._bench.log(f"{what}: {shown}")


def _plain(message: "ModelMessage") -> Any:
    from pydantic_ai.messages import ModelMessagesTypeAdapter

    return json.loads(ModelMessagesTypeAdapter.dump_json([message]))[0]
