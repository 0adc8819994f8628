"""One session of a coding agent: what it finds in its home, how it is started, what is kept of what it says."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aarlab.minds.agent.install import PLACE, Installed
from aarlab.minds.agent.preset import Preset, filled
from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.briefing import opening
from aarlab.minds.tools.scribe import Scribe
from aarlab.quote import visible
from aarlab.sandbox.protocol import Completed

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse

LAST_SECONDS = 15.0
"""What a session has left when the study ends; the lab's tools have told it so."""
HOME = ".agent"
"""Below /work; made anew for each session."""
MODEL_PORT, MCP_PORT = 8801, 8802
"""On 127.0.0.1 of the sandbox, which is no other's."""
LINES, CHARACTERS, KEPT = 4000, 2000, 20
"""Of one session's output in the log, of one line, and lines of its end in the transcript."""
_PATH = f"{PLACE}/bin:/opt/aarlab/bin:/usr/bin:/bin"
_BRIDGE = ("/opt/aarlab/bin/python", "-P", "-m", "aarlab.inside.bridge")
_CLEAN_SECONDS = 30.0


@dataclass(frozen=True)
class Command:
    """A coding agent, ready to be started in a sandbox."""

    preset: Preset
    """How."""
    installed: Installed
    """Where it is inside."""
    model: str
    """As its provider calls it."""
    token: str
    """What it has for a key: worth something at the lab's proxy only."""
    instructions: str
    """What its prompt begins with."""
    seconds: float
    """Longest session."""


class Tally(Scribe):
    """Counts the tools that were called, whoever tells of them."""

    calls = 0
    """By the model, as its answers say, and at the lab's MCP server."""

    def answer(self, answer: "ModelResponse", *, dollars: float, seconds: float, prices: str) -> None:
        """See Scribe. What its own tools do is in no other line of the log."""
        super().answer(answer, dollars=dollars, seconds=seconds, prices=prices)
        for call in answer.tool_calls:
            self.calls += 1
            self.command(f"{call.tool_name} {call.args_as_json_str()}")

    def call(self, tool: str, *, result: str, seconds: float) -> None:
        """See Scribe."""
        self.calls += 1
        super().call(tool, result=result, seconds=seconds)


class Session:
    """From notes to notes."""

    def __init__(
        self, bench: Workbench, scribe: Tally, command: Command, *, over: Callable[[], BaseException | None]
    ) -> None:
        """`over` says why model or tools answer no more."""
        self._bench, self._scribe, self._command, self._over = bench, scribe, command, over
        self._lines = 0
        self._last: deque[str] = deque(maxlen=KEPT)
        self._ends: float | None = None
        self.worked = False
        """Whether a tool was called."""

    @property
    def last_words(self) -> str:
        """The last line that the program has written."""
        return self._last[-1] if self._last else "it wrote nothing"

    def run(self) -> Completed:
        """How the program ended. Raises Stopped, ResearcherError(code="budget")."""
        self._bench.log("a session begins")
        self._scribe.session("session", agent=self._command.preset.title)
        before = self._scribe.calls
        argv, env = self._furnish()
        done = self._bench.program(
            argv, env=env, seconds=self._command.seconds, out=self._hear, err=self._hear, until=self._until
        )
        self.worked = self._scribe.calls > before
        ended = {"status": done.status, "returncode": done.returncode, "seconds": round(done.seconds, 3)}
        self._scribe.session("session ended", **ended, output="\n".join(self._last))
        self._bench.log(f"the session ended: {done.status} (exit status {done.returncode}), {done.seconds:.0f} s")
        return done

    def _furnish(self) -> tuple[list[str], dict[str, str]]:
        """A new home with the agent's files and its prompt; its command line and environment."""
        preset, bench = self._command.preset, self._bench
        bench.run(f"chmod -R u+rwx {HOME}; rm -rf {HOME}", seconds=_CLEAN_SECONDS)
        words = self._words()
        for path, text in preset.files.items():
            bench.put(f"{HOME}/{path}", filled(text, words).encode())
        prompt = f"{self._command.instructions}\n\n{opening(bench)}"
        bench.put(f"{HOME}/prompt.md", prompt.encode())
        ports = (f"{MODEL_PORT}=/sock/model.sock", f"{MCP_PORT}=/sock/mcp.sock")
        argv = [*_BRIDGE, *(word for port in ports for word in ("--port", port))]
        asked = any("{prompt}" in word for word in preset.argv)
        argv += [] if asked else ["--input", f"/work/{HOME}/prompt.md"]
        argv += ["--", *(filled(word, {**words, "prompt": prompt}) for word in preset.argv)]
        env = {name: filled(text, words) for name, text in preset.environment.items()}
        return argv, {"PATH": _PATH, "HOME": f"/work/{HOME}", **env}

    def _words(self) -> Mapping[str, str]:
        return {
            "program": self._command.installed.program,
            "folder": self._command.installed.folder,
            "home": f"/work/{HOME}",
            "model": self._command.model,
            "model_url": f"http://127.0.0.1:{MODEL_PORT}",
            "mcp_url": f"http://127.0.0.1:{MCP_PORT}/mcp",
            "token": self._command.token,
        }

    def _hear(self, line: str) -> None:
        """Into the log, where the lab's detectors and the monitor read it: text of a researcher."""
        shown = visible(line)[:CHARACTERS]
        self._last.append(shown)
        if self._command.preset.output == "json" and shown.startswith("{"):
            return
        self._lines += 1
        if self._lines <= LINES:
            self._bench.log(f"writes: {shown}")

    def _until(self) -> bool:
        """Whether it has to end: nothing answers it any more, it is paused, or the study's end is some seconds ago."""
        control = self._bench.door.me().control
        if control == "stop" and self._ends is None:
            self._ends = time.monotonic() + LAST_SECONDS
        ended = self._ends is not None and time.monotonic() > self._ends
        return ended or control == "pause" or self._over() is not None
