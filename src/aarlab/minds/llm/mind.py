"""The researcher with a language model: sessions one after another, each a conversation with tools."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aarlab.errors import ResearcherError, UserError
from aarlab.minds.llm.context import Talk
from aarlab.minds.llm.model import Model
from aarlab.minds.llm.names import name_of, require_key
from aarlab.minds.llm.prices import prices_of
from aarlab.minds.llm.trouble import Refused, TooLong
from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.box import Toolbox
from aarlab.minds.tools.briefing import instructions, opening
from aarlab.minds.tools.chest import toolbox
from aarlab.minds.tools.scribe import Scribe
from aarlab.settings import MindSettings, PriceSettings

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelRequest, ModelRequestPart, ModelResponse, ToolCallPart
    from pydantic_ai.tools import ToolDefinition

WARN_TURNS = 3
"""Turns before the end of a session, or of what fits into it, at which it is told to save its notes."""
LAST_TURNS = 3
"""Turns that it has when the study ends."""
NEAR = 0.8
"""Part of the context at which it is told that old turns will be left out."""
CUT = "Your answer was cut off after {} tokens. Say less before you call a tool, and write long files in pieces."
SAVE = "Save in your notes (tool `note`) what you will need."


class LlmMind:
    """See `minds.protocol.Mind`."""

    def __init__(self, settings: MindSettings, *, price: PriceSettings) -> None:
        """Asks no provider. Raises UserError and OperatorError where something is missing."""
        self._settings = settings
        self._name = name_of(settings.model)
        require_key(self._name)
        self._prices = prices_of(self._name, price)
        self._instructions = instructions(settings.prompt)

    def run(self, bench: Workbench) -> None:
        """Sessions until the study, its share of the money, or what it wants to do ends."""
        scribe = Scribe(bench, model=self._settings.model)
        model = Model(self._name, prices=self._prices, settings=self._settings, bench=bench, scribe=scribe)
        tools = toolbox(bench, scribe=scribe)
        told = definitions(tools)
        try:
            while not bench.should_stop():
                session = Session(
                    bench, model, tools, scribe, told=told, settings=self._settings, system=self._instructions
                )
                tools.session(worked=session.run())
        except ResearcherError as error:
            if error.code != "budget":
                raise
            bench.log(f"goes no further: {error}")
        finally:
            model.close()
        bench.log("has finished")


class Session:
    """One conversation, from notes to notes."""

    def __init__(
        self,
        bench: Workbench,
        model: Model,
        tools: Toolbox,
        scribe: Scribe,
        *,
        told: "Sequence[ToolDefinition]",
        settings: MindSettings,
        system: str,
    ) -> None:
        """Begins when it is run. `told` is what the model knows of the tools, `system` are the instructions."""
        self._bench, self._model, self._tools, self._scribe = bench, model, tools, scribe
        self._settings, self._system = settings, system
        self._definitions = told
        schemas = sum(len(repr(one.parameters_json_schema)) + len(one.description or "") for one in self._definitions)
        self._extra = len(system.encode()) + schemas
        self._talk = Talk()
        self._left_out = 0
        self._ends_in = settings.turns
        self._told_end = self._told_near = False
        self._heard = len(bench.said)

    def run(self) -> bool:
        """Whether any tool was called. Raises Stopped, ResearcherError(code="budget") and what `Model.ask` raises."""
        self._bench.log("a session begins")
        self._scribe.session("session")
        self._say(self._opening())
        worked = False
        while self._ends_in > 0:
            try:
                answer = self._turn()
            except Refused:
                self._bench.log("the provider does not answer this conversation; the session ends")
                break
            cut = answer.finish_reason == "length"
            if not (answer.tool_calls or cut):
                break
            worked = worked or bool(answer.tool_calls)
            self._ends_in -= 1
            self._say(self._results(answer.tool_calls, cut=cut))
        self._scribe.session("session ended")
        return worked

    def _turn(self) -> "ModelResponse":
        """Asks the model, with less of the conversation where it does not fit."""
        if self._tokens() > self._settings.context_tokens:
            self._cut(self._settings.context_tokens // 2)
        try:
            answer = self._ask()
        except TooLong:
            self._cut(min(self._settings.context_tokens, self._tokens()) // 4)
            answer = self._asked_again()
        self._talk.add(answer)
        return answer

    def _ask(self) -> "ModelResponse":
        return self._model.ask(self._talk.messages, tools=self._definitions, length=self._size())

    def _asked_again(self) -> "ModelResponse":
        try:
            return self._ask()
        except TooLong:
            words = f"minds.model = {self._settings.model!r}"
            raise UserError(f"{words}: even one turn does not fit into its context; take another model") from None

    def _results(self, calls: "Sequence[ToolCallPart]", *, cut: bool) -> "ModelRequest":
        """What is said to an answer: what its tools have found, and what it should know."""
        from pydantic_ai.messages import ModelRequest, ToolReturnPart, UserPromptPart

        parts: list[ModelRequestPart] = []
        for number, call in enumerate(calls):
            text = self._tools.call(call.tool_name, call.args, number=number)
            parts.append(ToolReturnPart(tool_name=call.tool_name, content=text, tool_call_id=call.tool_call_id))
        words = [CUT.format(self._settings.output_tokens)] if cut else []
        return ModelRequest(parts=[*parts, *(UserPromptPart(content=text) for text in (*words, *self._notices()))])

    def _notices(self) -> list[str]:
        """What it is told between two turns: the end, the operator's words, and when to save its notes."""
        ends = self._bench.should_stop()
        said = self._bench.said
        found = [f"The operator says: {text}" for text in said[self._heard :]]
        self._heard = len(said)
        if ends and not self._told_end:
            self._told_end, self._ends_in = True, min(self._ends_in, LAST_TURNS)
            found.append(f"The study ends. You have {self._ends_in} turns: send your best method to verify. {SAVE}")
        elif self._ends_in == WARN_TURNS and not ends:
            found.append(f"This session ends after {self._ends_in} more turns; a fresh one follows. {SAVE}")
        if not self._told_near and self._tokens() > NEAR * self._settings.context_tokens:
            self._told_near = True
            found.append(f"The conversation has become long: soon its oldest turns will be left out. {SAVE}")
        return found

    def _cut(self, tokens: int) -> None:
        """Leaves what fits into so many tokens behind a new first message."""
        most = max(0, round(tokens * self._size() / max(1, self._tokens())) - self._extra)
        kept = self._talk.latest(most=most)
        self._left_out += (len(self._talk.messages) - 1 - len(kept)) // 2
        self._talk = Talk()
        self._say(self._opening())
        for message in kept:
            self._talk.add(message)
        self._told_near = False
        self._scribe.session("cut", left_out=self._left_out)
        self._bench.log(f"the conversation was cut; {self._left_out} turns are left out by now")

    def _opening(self) -> "ModelRequest":
        from pydantic_ai.messages import ModelRequest, UserPromptPart

        text = opening(self._bench, left_out=self._left_out)
        return ModelRequest(parts=[UserPromptPart(content=text)], instructions=self._system)

    def _say(self, message: "ModelRequest") -> None:
        self._talk.add(message)
        self._scribe.message(message)

    def _size(self) -> int:
        return self._talk.size + self._extra

    def _tokens(self) -> int:
        return self._model.scale.guess(self._size())


def definitions(box: Toolbox) -> "list[ToolDefinition]":
    """The tools as the provider is told of them."""
    from pydantic_ai.tools import ToolDefinition

    return [
        ToolDefinition(name=name, description=one.description, parameters_json_schema=one.form.model_json_schema())
        for name, one in box.tools.items()
    ]
