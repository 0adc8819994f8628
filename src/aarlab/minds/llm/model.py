"""One provider's model, asked once at a time: money set aside first, tried again only where that may help."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from aarlab.errors import OperatorError, UserError
from aarlab.minds.llm.context import Scale
from aarlab.minds.llm.line import Line
from aarlab.minds.llm.names import Name
from aarlab.minds.llm.trouble import Refused, TooLong, Trouble
from aarlab.minds.protocol import GivenUp, Stopped, Workbench
from aarlab.minds.tools.scribe import Scribe
from aarlab.prices import Prices, tokens_of
from aarlab.settings import MindSettings

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.tools import ToolDefinition

ATTEMPTS = 6
"""Of one call, where what went wrong may pass: at least so many, and no more of those that may have been paid for."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between attempts where the provider names none; each is twice the one before."""
JITTER = 0.5
"""Most by which a pause is longer than that, as a part of it: a whole team is not to come back at once."""
PATIENCE = 900.0
"""A provider that wants a longer pause than this has no answer for us."""


class Model:
    """Asks. Used from one thread; `close` gives its connections back."""

    def __init__(
        self,
        name: Name,
        *,
        prices: Prices,
        settings: MindSettings,
        bench: Workbench,
        scribe: Scribe,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        """Connects to nobody yet. `first_pause`: seconds before the second attempt."""
        self._name, self._prices, self._bench, self._scribe = name, prices, bench, scribe
        self._output, self._model, self._first_pause = settings.output_tokens, prices.model, first_pause
        self._line = Line(name, settings=settings, bench=bench)
        self._draws = random.Random(f"{bench.me.name}:{bench.me.seed}")
        self.scale = Scale()

    def close(self) -> None:
        """Gives the connections back."""
        self._line.close()

    def ask(self, talk: "Sequence[ModelMessage]", *, tools: "Sequence[ToolDefinition]", length: int) -> "ModelResponse":
        """The answer. `length` is how many bytes all of it is: messages, instructions and tools.

        Raises TooLong, Refused, Stopped; ResearcherError(code="budget"); UserError for what a person must put right,
        GivenUp when the provider stays away, OperatorError when it wants no other attempt.
        """
        trouble, attempts, lost, since = Trouble("", sent=False), 0, 0, time.monotonic()
        while True:
            if attempts:
                self._pause(trouble, attempts - 1)
            worst = self._prices.worst(tokens_in=self.scale.most(length), tokens_out=self._output)
            self._bench.reserve(worst)
            begin = time.monotonic()
            found = self._tried(talk, tools, worst=worst)
            seconds = time.monotonic() - begin
            if not isinstance(found, Trouble):
                return self._paid(found, length=length, seconds=seconds, worst=worst)
            cost = self._at_most(worst) if found.sent else 0.0
            self._bench.pay(cost, model=self._model)
            self._scribe.trouble(found.words, dollars=cost, seconds=seconds)
            trouble, attempts, lost = found, attempts + 1, lost + found.sent
            waited = time.monotonic() - since >= self._bench.watchdog.provider_minutes * 60
            if lost >= ATTEMPTS or (waited and attempts >= ATTEMPTS):
                raise GivenUp(f"{self._name.words}: no answer after {attempts} attempts: {trouble.words}")

    def _tried(
        self, talk: "Sequence[ModelMessage]", tools: "Sequence[ToolDefinition]", *, worst: float
    ) -> "ModelResponse | Trouble":
        """One attempt; what ends it otherwise is paid for here: all that it may have cost, or nothing."""
        try:
            return self._line.ask(talk, tools=tools)
        except Stopped:
            self._bench.pay(self._at_most(worst), model=self._model)
            raise
        except (TooLong, UserError, OperatorError):
            self._bench.pay(self._at_most(worst) if self._line.begun else 0.0, model=self._model)
            raise

    def _paid(self, answer: "ModelResponse", *, length: int, seconds: float, worst: float) -> "ModelResponse":
        """The answer, paid for and written down. Raises Refused for one that the model may not give."""
        usage = answer.usage
        counted = not usage.unmeasured_requests
        dollars = self._prices.dollars(usage) if counted else worst
        self._bench.pay(dollars, model=self._model, tokens=tokens_of(usage))
        if counted:
            self.scale.learn(length, tokens=usage.input_tokens)
        self._scribe.answer(answer, dollars=dollars, seconds=seconds, prices=self._prices.source)
        if answer.finish_reason == "content_filter" and not answer.tool_calls:
            raise Refused
        return answer

    def _at_most(self, worst: float) -> float:
        """What an answer that ended in the middle may have cost: what was read, and all that it might have written."""
        seen = self._line.seen
        if seen is None:
            return worst
        return min(worst, self._prices.dollars(replace(seen, output_tokens=self._output)))

    def _pause(self, trouble: Trouble, attempt: int) -> None:
        least = (
            min(LONGEST_PAUSE, self._first_pause * 2.0 ** min(attempt, ATTEMPTS))
            if trouble.pause is None
            else trouble.pause
        )
        if least > PATIENCE:
            raise GivenUp(f"{self._name.words}: {trouble.words}, and is to be asked again in {least:.0f} s")
        seconds = least * (1 + JITTER * self._draws.random())
        self._bench.log(f"asks the model again in {seconds:.3g} s: {trouble.words}")
        self._line.wait(seconds)
