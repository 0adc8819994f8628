"""What our loop costs a turn of a language model beyond the provider's own library: goal <= 5 ms, or 5 % of the turn.

A scripted server on loopback answers both with the same streamed answers: one call of `board` and one of `view` a
turn. Bare, the provider's library sends the growing conversation and the answers of the tools are fixed texts. Ours is
the whole researcher: money set aside and paid at a real lab's door, the tools' own work at that door and in a folder,
the operator's wishes, transcript and log. `--pace` is how long the model takes for an answer; what a model really
takes is more like seconds. The tools' own work is shown apart: it is what the researcher asked for, no overhead.

PYTHONPATH=src:. python benchmarks/llm_loop.py [--turns 60] [--pace 0.3] [--provider anthropic]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from aarlab.minds.llm.mind import LlmMind
from aarlab.minds.protocol import GivenUp
from aarlab.settings import MindSettings, PriceSettings
from tests.support.lab import FAST, LabProcess
from tests.support.llm_bench import place
from tests.support.llm_server import Calls, LlmServer, Paced, Reply, Request, Says, llm_server

MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-5", "openai-chat": "scripted"}
LIMIT_SECONDS, LIMIT_SHARE = 0.005, 0.05
MILLI = 1000
_TOOLS = ("board", "view")
RESULT = "word " * 200
"""What a tool answers in the bare loop: as long as what ours answers."""
FILE = "".join(f"line {number} of a file\n" for number in range(45))


class Clock:
    """Answers every turn alike and notes when it was asked and when it had answered."""

    def __init__(self, *, turns: int, pace: float) -> None:
        self._turns, self._pace = turns, pace
        self.asked: list[float] = []
        self.worked: list[float] = []

    def __call__(self, _: Request) -> Reply:
        """One turn; says something when there were enough."""
        self.asked.append(time.perf_counter())
        self.worked.append(time.process_time())
        if len(self.asked) > self._turns:
            return Says("Done.")
        said = Calls(("board", {}), ("view", {"path": "notes.txt"}), text="I look at both of them once more.")
        return Paced(said, self._pace) if self._pace else said

    @property
    def turn(self) -> float:
        """Seconds from one request to the next; the first is left out: in it libraries are loaded."""
        return statistics.median(after - before for before, after in pairwise(self.asked[1:]))

    @property
    def core(self) -> float:
        """Core time of this process for one turn, the scripted server included: it hardly depends on a busy host."""
        return (self.worked[-1] - self.worked[1]) / (len(self.worked) - 2)


def bare(server: LlmServer, provider: str) -> None:
    """The provider's library, streaming, and nothing else."""
    loops: dict[str, Callable[[LlmServer], None]] = {
        "anthropic": _anthropic,
        "openai": _responses,
        "openai-chat": _chat,
    }
    loops[provider](server)


def _anthropic(server: LlmServer) -> None:
    import anthropic

    talk: list[Any] = [{"role": "user", "content": "Go."}]
    tools: list[Any] = [{"name": name, "description": "", "input_schema": {"type": "object"}} for name in _TOOLS]
    with anthropic.Anthropic(base_url=server.base, api_key="k", max_retries=0) as client:
        while True:
            with client.messages.stream(
                model=MODELS["anthropic"], max_tokens=8192, messages=talk, tools=tools
            ) as stream:
                answer = stream.get_final_message()
            calls = [part for part in answer.content if part.type == "tool_use"]
            if not calls:
                return
            talk.append({"role": "assistant", "content": answer.content})
            done = [{"type": "tool_result", "tool_use_id": one.id, "content": RESULT} for one in calls]
            talk.append({"role": "user", "content": done})


def _responses(server: LlmServer) -> None:
    import openai

    talk: list[Any] = [{"role": "user", "content": "Go."}]
    tools: list[Any] = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in _TOOLS]
    with openai.OpenAI(base_url=f"{server.base}/v1", api_key="k", max_retries=0) as client:
        while True:
            stream = client.responses.create(model=MODELS["openai"], input=talk, tools=tools, stream=True)
            *_, last = stream
            output = last.response.output if last.type == "response.completed" else []
            calls = [item for item in output if item.type == "function_call"]
            if not calls:
                return
            talk += [item.model_dump(exclude={"status"}) for item in output]
            talk += [{"type": "function_call_output", "call_id": one.call_id, "output": RESULT} for one in calls]


def _chat(server: LlmServer) -> None:
    import openai

    talk: list[Any] = [{"role": "user", "content": "Go."}]
    tools: list[Any] = [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in _TOOLS
    ]
    with openai.OpenAI(base_url=f"{server.base}/v1", api_key="k", max_retries=0) as client:
        while True:
            with client.chat.completions.stream(
                model=MODELS["openai-chat"], messages=talk, tools=tools, stream_options={"include_usage": True}
            ) as stream:
                message = stream.get_final_completion().choices[0].message
            if not message.tool_calls:
                return
            talk.append({"role": "assistant", "content": message.content, "tool_calls": _plain(message.tool_calls)})
            talk += [{"role": "tool", "tool_call_id": one.id, "content": RESULT} for one in message.tool_calls]


def _plain(calls: Any) -> list[dict[str, Any]]:
    return [
        {"id": one.id, "type": "function", "function": {"name": one.function.name, "arguments": one.function.arguments}}
        for one in calls
    ]


def ours(server: LlmServer, provider: str, lab: LabProcess, folder: Path, *, turns: int) -> float:
    """A whole researcher at a real lab's door; the seconds of a turn in which its tools worked."""
    os.environ.update(server.environment())
    price = PriceSettings(model_input=0.1, model_output=0.1)
    settings = MindSettings(kind="llm", model=f"{provider}/{MODELS[provider]}", turns=turns + 1, context_tokens=10**6)
    with place(lab, folder, dollars=1000.0) as at:
        at.bench.put("notes.txt", FILE.encode())
        with suppress(GivenUp):  # so it ends when the model has nothing more to do
            LlmMind(settings, price=price).run(at.bench)
        spent = [one["seconds"] for one in at.transcript if one["kind"] == "tool"]
        return statistics.median(sum(spent[start : start + 2]) for start in range(0, len(spent), 2))


def measure(provider: str, lab: LabProcess, folder: Path, *, turns: int, pace: float) -> None:
    """Prints one line."""
    before, after = Clock(turns=turns, pace=pace), Clock(turns=turns, pace=pace)
    with llm_server(policy=before) as server:
        bare(server, provider)
        server.at_end = after
        tools = ours(server, provider, lab, folder, turns=turns)
    overhead = after.turn - tools - before.turn
    limit = max(LIMIT_SECONDS, LIMIT_SHARE * before.turn)
    figures = (pace, before.turn, after.turn, tools, overhead, limit, before.core, after.core)
    shown = " ".join(f"{figure * MILLI:9.1f}" for figure in figures)
    print(f"{provider:12} {shown} {overhead / before.turn:8.1%} {'holds' if overhead <= limit else 'does not hold'}")


def main() -> int:
    """Exit status 0, whatever was measured."""
    parser = argparse.ArgumentParser(description="Overhead of the loop of a language model.")
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--pace", type=float, default=0.3, help="seconds of one answer; 0 is measured too")
    parser.add_argument("--provider", choices=sorted(MODELS), help="default: each")
    options = parser.parse_args()
    print(
        f"medians of {options.turns} turns, in ms; overhead = ours - tools - bare; core = core time with the server's"
    )
    names = ("pace", "bare", "ours", "tools", "overhead", "limit", "core bare", "core ours")
    print(f"{'':12} {' '.join(f'{name:>9}' for name in names)}")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        lab = LabProcess(root / "study", FAST).start()
        lab.admit("r1")
        for provider in [options.provider] if options.provider else sorted(MODELS):
            for pace in (0.0, options.pace):
                folder = root / f"{provider}-{pace}"
                folder.mkdir()
                measure(provider, lab, folder, turns=options.turns, pace=pace)
        lab.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
