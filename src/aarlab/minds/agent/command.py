"""The researcher that is a coding agent of somebody else's, as a command inside its own sandbox.

Its model is reached through a proxy of the lab's that adds the key, its tools are an MCP server of the lab's; both
listen on sockets of its sandbox, and a bridge inside makes ports of loopback out of them.
"""

from collections.abc import Callable
from pathlib import Path

from aarlab.errors import OperatorError, ResearcherError, UserError
from aarlab.minds.agent.install import locate
from aarlab.minds.agent.preset import filled, preset
from aarlab.minds.agent.session import Command, Session, Tally
from aarlab.minds.llm.names import name_of, require_key
from aarlab.minds.llm.prices import prices_of
from aarlab.minds.protocol import GivenUp, Workbench
from aarlab.minds.tools.box import Toolbox
from aarlab.minds.tools.briefing import instructions
from aarlab.minds.tools.chest import toolbox
from aarlab.sandbox.protocol import Completed
from aarlab.settings import MindSettings, PriceSettings


class CommandMind:
    """See `minds.protocol.Mind`."""

    def __init__(self, settings: MindSettings, *, price: PriceSettings) -> None:
        """Asks no provider and starts nothing. Raises UserError and OperatorError where something is missing."""
        self._settings = settings
        self._preset = preset(settings.agent)
        self._installed = locate(self._preset, program=settings.program)
        self._name = name_of(settings.model)
        if self._preset.languages and self._name.provider not in self._preset.languages:
            speaks = " or ".join(f"{one}/..." for one in self._preset.languages)
            raise UserError(f"{self._preset.title} needs a model {speaks}, not minds.model = {settings.model!r}")
        require_key(self._name)
        self._prices = prices_of(self._name, price)
        where = (Path(__file__).parent / "place.md").read_text()
        minutes = f"{settings.session_minutes:g}"
        self._instructions = f"{instructions(settings.prompt)}\n{filled(where, {'minutes': minutes})}"

    def run(self, bench: Workbench) -> None:
        """Sessions until the study, its share of the money, or what it wants to do ends."""
        from aarlab.minds.agent.proxy import key_proxy
        from aarlab.minds.mcp import tool_server

        scribe, folder, uid = Tally(bench, model=self._settings.model), bench.sockets.folder, bench.sockets.uid
        if folder is None:
            raise OperatorError("the researcher's sandbox has no folder for sockets")
        box = toolbox(bench, scribe=scribe)
        with (
            key_proxy(
                bench,
                name=self._name,
                prices=self._prices,
                settings=self._settings,
                scribe=scribe,
                socket=folder / "model.sock",
                uid=uid,
            ) as proxy,
            tool_server(box, name=bench.me.name, socket=folder / "mcp.sock", uid=uid) as calls,
        ):
            command = self._command(proxy.token)
            self._sessions(box, scribe, command, over=lambda: calls.error or proxy.over)
        bench.log("has finished")

    def _command(self, token: str) -> Command:
        return Command(
            self._preset,
            self._installed,
            model=self._name.model,
            token=token,
            instructions=self._instructions,
            seconds=self._settings.session_minutes * 60,
        )

    def _sessions(
        self, box: Toolbox, scribe: Tally, command: Command, *, over: Callable[[], BaseException | None]
    ) -> None:
        """Raises Stopped, GivenUp, UserError and OperatorError; the end of the money is none."""
        bench = box.bench
        try:
            while not bench.should_stop():
                session = Session(bench, scribe, command, over=over)
                done = session.run()
                if (why := over()) is not None:
                    raise why
                try:
                    box.session(worked=session.worked)
                except GivenUp:
                    if done.status == "ok":
                        raise
                    words = f"{command.preset.title} does not work: {_ended(done)}: {session.last_words}"
                    raise UserError(words) from None
        except ResearcherError as error:
            if error.code != "budget":
                raise
            bench.log(f"goes no further: {error}")


def _ended(done: Completed) -> str:
    if done.status == "oom":
        return "out of memory (sandbox.memory_mb)"
    return "its time was over" if done.status == "timeout" else f"exit status {done.returncode}"
