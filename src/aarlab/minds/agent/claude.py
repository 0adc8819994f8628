"""The researcher that is the Claude Agent SDK: its loop and its memory of a session, our tools, money and record."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aarlab.errors import AarlabError, OperatorError, ResearcherError, UserError
from aarlab.minds.agent import leash
from aarlab.minds.agent.notices import Notices
from aarlab.minds.llm.names import Name, name_of, require_key
from aarlab.minds.llm.prices import prices_of
from aarlab.minds.protocol import Stopped, Workbench
from aarlab.minds.tools.box import Toolbox
from aarlab.minds.tools.briefing import instructions, opening
from aarlab.minds.tools.chest import toolbox
from aarlab.minds.tools.scribe import Scribe
from aarlab.settings import MindSettings, PriceSettings

if TYPE_CHECKING:
    from aarlab.minds.agent.proxy import Proxy

BEAT_SECONDS = 0.25
"""How often a wait for the harness looks for a stop."""
LEAST_WINDOW = 100_000
"""Tokens; the harness takes no smaller window, but a part of one at which it makes its summary."""
RETRIES = 6
"""Of one call of the model, by the harness; as many attempts as the llm mind makes, and one."""
TOOL_SECONDS = 24 * 3600
"""Longest call of a tool; the tools have limits of their own."""
_SET_BY_SDK = ("CLAUDE_CODE_ENTRYPOINT", "CLAUDE_AGENT_SDK_VERSION", "CLAUDE_CODE_SDK_READS_SESSION_STATE", "PWD")
_OF_HOST = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")


class ClaudeMind:
    """See `minds.protocol.Mind`."""

    def __init__(self, settings: MindSettings, *, price: PriceSettings) -> None:
        """Starts nothing. Raises UserError and OperatorError where something is missing."""
        if not settings.model:
            raise UserError(
                "minds.kind = 'agent' needs a model: set minds.model to anthropic/... and its key in ANTHROPIC_API_KEY"
            )
        self._settings = settings
        self._name = name_of(settings.model)
        if self._name.provider != "anthropic":
            raise UserError(f'{self._name.words}: minds.agent = "claude-sdk" needs a model of anthropic/')
        if find_spec("claude_agent_sdk") is None:
            raise OperatorError('minds.agent = "claude-sdk" needs a library: pip install "aarlab[claude]"')
        require_key(self._name)
        self._prices = prices_of(self._name, price)
        self._instructions = instructions(settings.prompt)

    def run(self, bench: Workbench) -> None:
        """Sessions until the study, its share of the money, or what it wants to do ends."""
        from aarlab.minds.agent.proxy import key_proxy

        scribe = Scribe(bench, model=self._settings.model)
        tools = toolbox(bench, scribe=scribe)
        front = key_proxy(bench, name=self._name, prices=self._prices, settings=self._settings, scribe=scribe)
        with front as proxy, tempfile.TemporaryDirectory(prefix="aarlab-claude-") as home, asyncio.Runner() as runner:
            harness = Harness(Path(home), name=self._name, settings=self._settings, system=self._instructions)
            try:
                while not bench.should_stop():
                    session = Session(bench, tools, scribe, proxy=proxy, harness=harness, turns=self._settings.turns)
                    tools.session(worked=runner.run(session.run()))
            except ResearcherError as error:
                if error.code != "budget":
                    raise
                bench.log(f"goes no further: {error}")
        bench.log("has finished")


class Harness:
    """The program as every session starts it."""

    def __init__(self, home: Path, *, name: Name, settings: MindSettings, system: str) -> None:
        """Writes its command into `home`, which is all that it has on this host."""
        self._home, self._name, self._settings, self._system = home, name, settings, system
        self._pid = home / "pid"
        self._command = home / "claude"
        (home / "empty").mkdir()
        words = [sys.executable, "-I", "-S", leash.__file__, str(self._pid), _program()]
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
        self._command.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n')
        self._command.chmod(0o700)

    def options(self, server: Any, *, names: list[str], proxy: "Proxy") -> Any:
        """Of the SDK: no tool of its own, no settings of the host, the proxy as its provider."""
        from claude_agent_sdk import ClaudeAgentOptions

        return ClaudeAgentOptions(
            tools=[],
            allowed_tools=[f"mcp__lab__{name}" for name in names],
            mcp_servers={"lab": server},
            strict_mcp_config=True,
            setting_sources=[],
            permission_mode="dontAsk",
            system_prompt=self._system,
            model=self._name.model,
            max_turns=self._settings.turns,
            verbatim_prompts=True,
            cwd=self._home / "empty",
            cli_path=self._command,
            env=self._environment(proxy),
            stderr=lambda _: None,
        )

    def end(self) -> None:
        """Kills the program, if it runs; it has nothing to save."""
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            os.kill(int(self._pid.read_text()), signal.SIGKILL)
        self._pid.unlink(missing_ok=True)

    def _environment(self, proxy: "Proxy") -> dict[str, str]:
        model, settings = self._name.model, self._settings
        window = max(LEAST_WINDOW, settings.context_tokens)
        chosen = {
            "HOME": str(self._home),
            "CLAUDE_CONFIG_DIR": str(self._home / "config"),
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{proxy.port}",
            "ANTHROPIC_API_KEY": proxy.token,
            "ANTHROPIC_SMALL_FAST_MODEL": model,
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
            "CLAUDE_CODE_MAX_OUTPUT_TOKENS": str(settings.output_tokens),
            "CLAUDE_CODE_AUTO_COMPACT_WINDOW": str(window),
            "CLAUDE_AUTOCOMPACT_PCT_OVERRIDE": str(min(99, 100 * settings.context_tokens // window)),
            "CLAUDE_CODE_MAX_RETRIES": str(RETRIES),
            "MCP_TOOL_TIMEOUT": str(TOOL_SECONDS * 1000),
            "IS_SANDBOX": "1",
            "ENABLE_TOOL_SEARCH": "false",
        }
        off = {f"CLAUDE_CODE_DISABLE_{what}": "1" for what in _DISABLED}
        host = {name: os.environ[name] for name in _OF_HOST if name in os.environ}
        found = host | chosen | off
        return found | {leash.KEEP: ",".join([*found, *_SET_BY_SDK])}


_DISABLED = (
    "NONESSENTIAL_TRAFFIC",
    "BACKGROUND_TASKS",
    "MCP_TASK_BACKGROUND",
    "FILE_MENTIONS",
    "ATTACHMENTS",
    "CLAUDE_MDS",
    "AUTO_MEMORY",
    "MODEL_ACCESS_FALLBACK",
    "FEEDBACK_SURVEY",
)
"""What else a harness does by itself: each is a variable of its own."""


class Session:
    """One conversation of the harness, from notes to notes."""

    def __init__(
        self, bench: Workbench, tools: Toolbox, scribe: Scribe, *, proxy: "Proxy", harness: Harness, turns: int
    ) -> None:
        """Begins when it is run."""
        self._bench, self._tools, self._scribe, self._proxy, self._harness = bench, tools, scribe, proxy, harness
        self._notices = Notices(bench, turns=turns)
        self._heard: set[str] = set()
        self._worked = False
        self._failed: Exception | None = None

    async def run(self) -> bool:
        """Whether any tool was called. Raises Stopped, ResearcherError(code="budget"), UserError, OperatorError."""
        self._bench.log("a session begins")
        self._scribe.session("session")
        try:
            await self._talk()
        finally:
            self._harness.end()
        for error in (self._failed, self._proxy.over):
            if error is not None:
                raise error
        self._scribe.session("session ended")
        return self._worked

    async def _talk(self) -> None:
        from claude_agent_sdk import ClaudeSDKClient, ClaudeSDKError

        options = self._harness.options(self._server(), names=list(self._tools.tools), proxy=self._proxy)
        client = ClaudeSDKClient(options)
        try:
            async with _closing(client, self._harness):
                await client.connect()
                await client.query(opening(self._bench))
                await self._until_over(asyncio.ensure_future(self._listen(client)))
        except ClaudeSDKError as error:
            if self._failed is None and self._proxy.over is None:
                raise OperatorError(f"the Claude Agent SDK has failed: {type(error).__name__}") from None

    async def _until_over(self, listening: "asyncio.Future[None]") -> None:
        """Until the harness ends, or must."""
        try:
            while not (await asyncio.wait({listening}, timeout=BEAT_SECONDS))[0]:
                self._bench.check()
                if self._failed is not None or self._proxy.over is not None or self._notices.over:
                    return
            listening.result()
        finally:
            listening.cancel()

    async def _listen(self, client: Any) -> None:
        """Counts the answers, up to the last that the session has.

        Raises OperatorError when a session ends without any work because of an error.
        """
        from claude_agent_sdk import AssistantMessage, ResultMessage

        async for message in client.receive_response():
            if isinstance(message, AssistantMessage) and message.message_id:
                self._heard.add(message.message_id)
                self._notices.answers = len(self._heard)
                if self._notices.over:
                    return
            if isinstance(message, ResultMessage) and message.is_error and not self._worked:
                status = f" (status {message.api_error_status})" if message.api_error_status else ""
                raise OperatorError(f"the harness has ended with an error of the provider{status}")

    def _server(self) -> Any:
        """Our tools, in this process."""
        from claude_agent_sdk import SdkMcpTool, create_sdk_mcp_server

        def made(name: str) -> Any:
            async def call(given: dict[str, Any]) -> dict[str, Any]:
                return {"content": [{"type": "text", "text": self._call(name, given)}]}

            one = self._tools.tools[name]
            schema = one.form.model_json_schema()
            return SdkMcpTool(name=name, description=one.description, input_schema=schema, handler=call)

        return create_sdk_mcp_server("lab", tools=[made(name) for name in self._tools.tools])

    def _call(self, name: str, given: dict[str, Any]) -> str:
        """One call, on the thread of the mind: nothing else happens meanwhile. What ends the mind is kept for it."""
        if self._failed is not None:
            return "not carried out: the session has ended"
        self._worked = True
        try:
            return "\n\n".join([self._tools.call(name, given), *self._notices.fresh()])
        except (Stopped, AarlabError) as error:
            self._failed = error
            return "not carried out: the session ends"


@contextlib.asynccontextmanager
async def _closing(client: Any, harness: Harness) -> AsyncIterator[None]:
    """Ends the program before the SDK waits for it to end by itself."""
    try:
        yield
    finally:
        harness.end()
        await client.disconnect()


def _program() -> str:
    """The program that the SDK brings along, or that is on the PATH. Raises OperatorError."""
    spec = find_spec("claude_agent_sdk")
    for folder in spec.submodule_search_locations or () if spec else ():
        bundled = Path(folder) / "_bundled" / "claude"
        if bundled.is_file():
            return str(bundled)
    if found := shutil.which("claude"):
        return found
    raise OperatorError('minds.agent = "claude-sdk": the library came without its program; install claude-code')
