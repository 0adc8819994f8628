"""A language model as monitor, through pydantic-ai: no tools, a deadline, two readings that must agree."""

import asyncio
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from aarlab.errors import OperatorError
from aarlab.integrity.case import Case
from aarlab.integrity.monitor.material import Material, material
from aarlab.integrity.monitor.protocol import Answer, Quote, Review, Trouble, Verdict, blank, checked, complete
from aarlab.integrity.monitor.questions import Question, prompt, questions
from aarlab.prices import prices_of
from aarlab.settings import PriceSettings

if TYPE_CHECKING:
    from pydantic_ai import Agent
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.usage import RunUsage

KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "openai-chat": "OPENAI_API_KEY"}
"""Environment variable with the key, by provider; base addresses from ANTHROPIC_BASE_URL and OPENAI_BASE_URL."""
SECONDS = 240.0
"""Deadline of a review, with all that is tried again."""
RETRIES = 3
"""Times that the provider's library tries again what may pass: 408, 409, 429, 5xx, a lost connection."""
OUTPUT_TOKENS = 8192
"""Most tokens of one answer."""
READINGS = 2
REQUESTS = 2
"""Most of one reading: an answer of another form is asked for once more."""
SPARE_TOKENS = 4000
"""More than a provider adds to a request, with the form of the answer."""


class QuoteForm(BaseModel):
    """One piece of the material, copied character for character."""

    model_config = ConfigDict(extra="forbid")

    source: str
    text: str


class AnswerForm(BaseModel):
    """The answer to one question."""

    model_config = ConfigDict(extra="forbid")

    question: str
    quotes: list[QuoteForm] = Field(max_length=8)
    why: str
    verdict: Verdict


class Answers(BaseModel):
    """The answers to all questions, each once."""

    model_config = ConfigDict(extra="forbid")

    answers: list[AnswerForm]


class _Stopped(NamedTuple):
    """A reading that came to nothing."""

    trouble: Trouble
    detail: str = ""
    unanswered: bool = False
    """Whether a request may have been paid for whose tokens nobody knows."""


class ModelMonitor:
    """Reads a method twice, in another order and between other marks, and takes no answer on trust."""

    def __init__(self, provider: str, model: str, *, price: PriceSettings, seconds: float = SECONDS) -> None:
        """`provider` is one of KEYS. Raises OperatorError without library or key, UserError without a price."""
        self.name = f"{provider}/{model}"
        self._provider, self._model, self._seconds = provider, model, seconds
        try:
            import_module(f"pydantic_ai.models.{provider.partition('-')[0]}")
        except ImportError:
            raise OperatorError('integrity.monitor needs a library: pip install "aarlab[monitor]"') from None
        if not os.environ.get(KEYS[provider]):
            raise OperatorError(f"integrity.monitor = {self.name!r} needs a key: set {KEYS[provider]}")
        self._prices = prices_of(self.name, price, words=f"integrity.monitor = {self.name!r}", short=False)

    def worst(self, case: Case) -> float:
        """As in the protocol: no byte is more than one token."""
        return self._worst_calls(material(case), READINGS * REQUESTS)

    def _worst_calls(self, seen: Material, count: int) -> float:
        asked = sum(len(text.encode()) for text in conversation(seen, nonce="0" * 32, backwards=False))
        tokens = asked + OUTPUT_TOKENS + SPARE_TOKENS  # a second request repeats the first answer
        return self._prices.worst(tokens_in=count * tokens, tokens_out=count * OUTPUT_TOKENS)

    def review(self, case: Case) -> Review:
        """As in the protocol."""
        return asyncio.run(self._review(case))

    async def _review(self, case: Case) -> Review:
        from pydantic_ai.usage import RunUsage

        seen, usage, lost = material(case), RunUsage(), 0.0
        end = asyncio.get_running_loop().time() + self._seconds
        readings: list[tuple[Answer, ...]] = []
        stopped = _Stopped("" if seen.whole else "cut")
        for turn in range(READINGS):
            reading = await self._read(seen, usage, backwards=turn % 2 == 1, end=end)
            if isinstance(reading, _Stopped):
                stopped = reading
                lost = self._worst_calls(seen, 1) if reading.unanswered else 0.0
                break
            readings.append(reading)
        return replace(
            blank(case, model=self.name),
            readings=tuple(readings),
            trouble=stopped.trouble,
            detail=stopped.detail,
            tokens_in=usage.input_tokens,
            tokens_out=usage.output_tokens,
            dollars=self._prices.dollars(usage) + lost,
        )

    async def _read(
        self, seen: Material, usage: "RunUsage", *, backwards: bool, end: float
    ) -> tuple[Answer, ...] | _Stopped:
        """One reading before `end` on the loop's clock."""
        from pydantic_ai.exceptions import AgentRunError, UserError

        system, user = conversation(seen, nonce=secrets.token_hex(16), backwards=backwards)
        left = max(0.001, end - asyncio.get_running_loop().time())
        try:
            async with self._agent(system, left) as agent:
                done = await agent.run(user, usage=usage, timeout=left)
        except (AgentRunError, TimeoutError) as error:
            trouble, known = self._trouble(error), hasattr(error, "status_code")
            return _Stopped(trouble, _detail(error), unanswered=trouble in ("timeout", "provider") and not known)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # The libraries trust the form of a provider's answer and fall over one that has another.
            return _Stopped("malformed", _detail(error), unanswered=True)
        except UserError as error:
            raise OperatorError(f"integrity.monitor = {self.name!r} cannot be used: {type(error).__name__}") from None
        answers = tuple(checked(_answer(form), seen) for form in done.output.answers)
        return answers if complete(answers) else _Stopped("malformed")

    def _agent(self, system: str, seconds: float) -> "Agent[Any, Answers]":
        """Made anew for each reading, because connections belong to one event loop."""
        from pydantic_ai import Agent

        settings: ModelSettings = {
            "max_tokens": OUTPUT_TOKENS,
            "timeout": seconds,
            "request_timeout": seconds,
            "max_retries": RETRIES,
        }
        name = "openai-responses" if self._provider == "openai" else self._provider
        return Agent(
            f"{name}:{self._model}", instructions=system, output_type=Answers, model_settings=settings, retries=1
        )

    def _trouble(self, error: Exception) -> Trouble:
        """The word for what went wrong with this method. Raises OperatorError for what is wrong with every one."""
        from pydantic_ai import exceptions

        self._stop_if_permanent(error)
        if isinstance(error, TimeoutError | exceptions.ModelRequestTimeout | exceptions.ModelTimeoutError):
            return "timeout"
        if isinstance(error, exceptions.ContentFilterError):
            return "refused"
        return "malformed" if isinstance(error, exceptions.UnexpectedModelBehavior) else "provider"

    def _stop_if_permanent(self, error: Exception) -> None:
        """Nothing of the provider's own words is passed on: some repeat the key."""
        from pydantic_ai import exceptions

        key = KEYS[self._provider]
        status = error.status_code if isinstance(error, exceptions.ModelHTTPError) else None
        if isinstance(error, exceptions.ModelAuthenticationError) and status == 401:
            raise OperatorError(f"integrity.monitor = {self.name!r}: the provider refused the key; set {key}") from None
        if isinstance(error, exceptions.ModelNotFoundError):
            base = key.replace("_API_KEY", "_BASE_URL")
            raise OperatorError(
                f"integrity.monitor = {self.name!r}: the provider knows no such model; correct the name, or {base}"
            ) from None
        if isinstance(error, exceptions.ModelQuotaExceededError):
            raise OperatorError(f"integrity.monitor = {self.name!r}: the account of {key} has no credit left") from None


def conversation(seen: Material, *, nonce: str, backwards: bool) -> tuple[str, str]:
    """Instructions and message of one reading. What a researcher wrote stands between lines that begin with `nonce`."""
    step = -1 if backwards else 1
    names = list(seen.parts)[::step]
    parts = "\n".join(f"{nonce} begin {json.dumps(name)}\n{seen.parts[name]}\n{nonce} end" for name in names)
    user = prompt("case").substitute(nonce=nonce, count=len(names), parts=parts, questions=_list(questions()[::step]))
    return prompt("instructions").substitute(nonce=nonce), user


def _list(asked: Sequence[Question]) -> str:
    return "\n".join(f"- `{question.id}`: {' '.join(question.ask.split())}" for question in asked)


def _answer(form: AnswerForm) -> Answer:
    quotes = tuple(Quote(quote.source, quote.text) for quote in form.quotes)
    return Answer(form.question, form.verdict, quotes, form.why)


def _detail(error: Exception) -> str:
    """Kind and status."""
    return " ".join([type(error).__name__, *([str(error.status_code)] if hasattr(error, "status_code") else [])])
