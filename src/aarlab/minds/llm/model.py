"""One provider's model, asked once at a time: money set aside first, tried again only where that may help."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aarlab.errors import OperatorError, UserError
from aarlab.minds.llm.context import Scale, size
from aarlab.minds.llm.names import Name
from aarlab.minds.protocol import Stopped, Workbench
from aarlab.minds.tools.scribe import Scribe
from aarlab.prices import Prices
from aarlab.settings import MindSettings
from aarlab.wire import Tokens

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model as Client
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import ToolDefinition

T = TypeVar("T")
ATTEMPTS = 6
"""Of one call, where what went wrong may pass."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between attempts where the provider names none; each is twice the one before."""
PATIENCE = 900.0
"""A provider that wants a longer pause than this has no answer for us."""
CALL_SECONDS = 600.0
BEAT_SECONDS, SIGN_SECONDS = 0.25, 20.0
"""How often a wait looks for a stop, and how often it gives a sign of life."""


class TooLong(Exception):  # noqa: N818 - it is no failure: the conversation is cut and sent again
    """The provider says that the conversation does not fit into the model's context."""


class Refused(Exception):  # noqa: N818 - the session ends, the researcher goes on
    """The provider does not let the model answer this conversation."""


class _Trouble(NamedTuple):
    """A failed attempt that may be repeated."""

    words: str
    """Without anything of the provider's own: some repeat the key."""
    pause: float | None
    """Seconds that the provider wants."""
    sent: bool
    """Whether it may have been paid for."""


class Model:
    """Asks. Used from one thread; `close` ends its event loop."""

    def __init__(self, name: Name, *, prices: Prices, settings: MindSettings, bench: Workbench, scribe: Scribe) -> None:
        """Connects to nobody yet."""
        self._name, self._prices, self._bench, self._scribe = name, prices, bench, scribe
        self._output, self._model = settings.output_tokens, prices.model
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._client: Client | None = None
        self.scale = Scale()

    def close(self) -> None:
        """Gives the connections back."""
        self._runner.run(self._open.aclose())
        self._runner.close()

    def ask(self, talk: "Sequence[ModelMessage]", *, tools: "Sequence[ToolDefinition]", extra: int) -> "ModelResponse":
        """The answer. `extra` is how many bytes of instructions and tools go with the messages.

        Raises TooLong, Refused, Stopped; ResearcherError(code="budget"); UserError for what a person must put right,
        OperatorError when the provider stays away.
        """
        length = size(talk) + extra
        trouble = _Trouble("", None, sent=False)
        for attempt in range(ATTEMPTS):
            worst = self._prices.worst(tokens_in=self.scale.most(length), tokens_out=self._output)
            self._bench.reserve(worst)
            begin = time.monotonic()
            found = self._tried(talk, tools, worst=worst)
            if not isinstance(found, _Trouble):
                self._paid(found, length=length, seconds=time.monotonic() - begin)
                return found
            cost = worst if found.sent else 0.0
            self._bench.pay(cost, model=self._model)
            self._scribe.trouble(found.words, dollars=cost, seconds=time.monotonic() - begin)
            trouble = found
            if attempt + 1 < ATTEMPTS:
                self._pause(found, attempt)
        raise OperatorError(f"{self._name.words}: no answer after {ATTEMPTS} attempts: {trouble.words}")

    def _tried(
        self, talk: "Sequence[ModelMessage]", tools: "Sequence[ToolDefinition]", *, worst: float
    ) -> "ModelResponse | _Trouble":
        """One attempt; what ends it otherwise is paid for here: all that it may have cost, or nothing."""
        try:
            return self._runner.run(self._attempt(talk, tools))
        except Stopped:
            self._bench.pay(worst, model=self._model)
            raise
        except (TooLong, Refused, UserError):
            self._bench.pay(0.0)
            raise

    def _paid(self, answer: "ModelResponse", *, length: int, seconds: float) -> None:
        dollars, usage = self._prices.dollars(answer.usage), answer.usage
        tokens = Tokens(
            input=usage.input_tokens,
            output=usage.output_tokens,
            cache_read=usage.cache_read_tokens,
            cache_write=usage.cache_write_tokens,
        )
        self._bench.pay(dollars, model=self._model, tokens=tokens)
        self.scale.learn(length, tokens=answer.usage.input_tokens)
        self._scribe.answer(answer, dollars=dollars, seconds=seconds, prices=self._prices.source)

    def _pause(self, trouble: _Trouble, attempt: int) -> None:
        seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) if trouble.pause is None else trouble.pause
        if seconds > PATIENCE:
            raise OperatorError(f"{self._name.words}: {trouble.words}, and is to be asked again in {seconds:.0f} s")
        self._bench.log(f"asks the model again in {seconds:.1f} s: {trouble.words}")
        self._runner.run(self._watched(asyncio.sleep(seconds)))

    async def _attempt(
        self, talk: "Sequence[ModelMessage]", tools: "Sequence[ToolDefinition]"
    ) -> "ModelResponse | _Trouble":
        from pydantic_ai import exceptions
        from pydantic_ai.direct import model_request
        from pydantic_ai.models import ModelRequestParameters

        parameters = ModelRequestParameters(function_tools=list(tools))
        try:
            client, settings = await self._connected(), self._settings()
            call = model_request(client, talk, model_settings=settings, model_request_parameters=parameters)
            return await self._watched(call)
        except exceptions.AgentRunError as error:
            return self._judged(error)
        except exceptions.UserError as error:
            raise UserError(f"{self._name.words} cannot be used: {type(error).__name__}") from None
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # The libraries trust the form of a provider's answer and fall over one that has another.
            return _Trouble(f"the answer has no form that is known ({type(error).__name__})", None, sent=True)

    async def _connected(self) -> "Client":
        """The provider's client: one for all calls, because its connections belong to this event loop."""
        from pydantic_ai.models import infer_model

        if self._client is None:
            provider = "openai-responses" if self._name.provider == "openai" else self._name.provider
            self._client = await self._open.enter_async_context(infer_model(f"{provider}:{self._name.model}"))
        return self._client

    def _settings(self) -> "ModelSettings":
        from pydantic_ai.settings import ModelSettings

        if self._name.provider == "anthropic":
            from pydantic_ai.models.anthropic import AnthropicModelSettings

            kept: ModelSettings = AnthropicModelSettings(anthropic_cache=True)
        else:
            kept = ModelSettings()
        seconds = CALL_SECONDS
        plain = ModelSettings(max_tokens=self._output, timeout=seconds, request_timeout=seconds, max_retries=0)
        return kept | plain

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives; Stopped is heard while it goes on, and the watchdog sees a sign of life."""
        task = asyncio.ensure_future(work)
        signed = time.monotonic()
        try:
            while not (await asyncio.wait({task}, timeout=BEAT_SECONDS))[0]:
                self._bench.check()
                if time.monotonic() - signed > SIGN_SECONDS:
                    signed = time.monotonic()
                    self._bench.log("waits for the model")
            return task.result()
        finally:
            task.cancel()

    def _judged(self, error: Exception) -> _Trouble:
        """What may pass. Raises what does not."""
        from pydantic_ai import exceptions

        if isinstance(error, exceptions.ModelContextWindowExceededError):
            raise TooLong from None
        if isinstance(error, exceptions.ContentFilterError):
            raise Refused from None
        status = error.status_code if isinstance(error, exceptions.ModelHTTPError) else None
        self._stop_if_permanent(error, status)
        pause = error.retry_after if isinstance(error, exceptions.ModelAPIError) else None
        if status is not None:
            return _Trouble(f"the provider answered with status {status}", pause, sent=False)
        if isinstance(error, exceptions.ModelConnectionError):
            sent = error.phase not in ("pool", "connect")
            return _Trouble("the connection was lost" if sent else "there was no connection", pause, sent=sent)
        return _Trouble(f"{type(error).__name__}", pause, sent=True)

    def _stop_if_permanent(self, error: Exception, status: int | None) -> None:
        """Raises UserError for what no repetition cures."""
        from pydantic_ai import exceptions

        name, why = self._name, ""
        if isinstance(error, exceptions.ModelAuthenticationError):
            why = f"the provider refused the key; set {name.key}"
        elif isinstance(error, exceptions.ModelNotFoundError):
            why = f"the provider knows no such model; correct the name, or {name.base}"
        elif isinstance(error, exceptions.ModelQuotaExceededError):
            why = f"the account of {name.key} has no credit left"
        elif isinstance(error, exceptions.ModelRequestRejectedError):
            why = f"the provider refused the request (status {status}); does the model know tools?"
        if why:
            raise UserError(f"{name.words}: {why}") from None
