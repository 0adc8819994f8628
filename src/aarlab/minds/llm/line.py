"""The line to one provider: an answer that arrives piece by piece, with a stop and the watchdog in view."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from aarlab.errors import UserError
from aarlab.minds.llm import forced
from aarlab.minds.llm.names import Name
from aarlab.minds.llm.trouble import Trouble, judged
from aarlab.minds.protocol import Workbench
from aarlab.settings import MindSettings

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model as Client
    from pydantic_ai.models import ModelRequestParameters, StreamedResponse
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import ToolDefinition
    from pydantic_ai.usage import RequestUsage

T = TypeVar("T")
CALL_SECONDS = 1800.0
"""A whole answer, however steadily its pieces arrive."""
BEAT_SECONDS, SIGN_SECONDS = 0.25, 20.0
"""How often a wait looks for a stop, and how often it gives a sign of life."""
HANG_UP_SECONDS = 1.0
"""For closing a connection when a call is ended."""


class Line:
    """Asks once, tries nothing again. Used from one thread; `close` ends its event loop."""

    def __init__(self, name: Name, *, settings: MindSettings, bench: Workbench) -> None:
        """Connects to nobody yet."""
        self._name, self._settings, self._bench = name, settings, bench
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._first: Client
        self._client: Client | None = None
        self._told: tuple[Sequence[ToolDefinition], ModelRequestParameters] | None = None
        self._stream: StreamedResponse | None = None
        self._pieces = 0

    def close(self) -> None:
        """Gives the connections back."""
        self._runner.run(self._open.aclose())
        self._runner.close()

    def ask(self, talk: "Sequence[ModelMessage]", *, tools: "Sequence[ToolDefinition]") -> "ModelResponse | Trouble":
        """A whole answer, or what may pass. Raises Stopped and what `judged` raises."""
        self._stream, self._pieces = None, 0
        return self._runner.run(self._watched(self._attempt(talk, tools)))

    def wait(self, seconds: float) -> None:
        """Does nothing for a while. Raises Stopped."""
        self._stream, self._pieces = None, 0
        self._runner.run(self._watched(asyncio.sleep(seconds)))

    @property
    def begun(self) -> bool:
        """Whether anything of the latest answer has arrived: then it costs something, however it ended."""
        return self._stream is not None

    @property
    def seen(self) -> "RequestUsage | None":
        """What the provider had counted of the latest answer when it ended; None where it had said nothing."""
        return self._stream.usage if self._stream is not None and self._stream.usage.input_tokens else None

    async def _attempt(
        self, talk: "Sequence[ModelMessage]", tools: "Sequence[ToolDefinition]"
    ) -> "ModelResponse | Trouble":
        from pydantic_ai import exceptions

        try:
            async with asyncio.timeout(CALL_SECONDS):
                answer = await self._answer(talk, tools)
        except TimeoutError:
            return Trouble("the answer took too long")
        except exceptions.AgentRunError as error:
            return judged(error, self._name)
        except exceptions.UserError as error:
            raise UserError(f"{self._name.words} cannot be used: {type(error).__name__}") from None
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # The libraries trust the form of a provider's answer and fall over one that has another.
            return Trouble(f"the answer has no form that is known ({type(error).__name__})")
        return answer if _is_whole(answer) else Trouble("the answer ended in the middle")

    async def _answer(self, talk: "Sequence[ModelMessage]", tools: "Sequence[ToolDefinition]") -> "ModelResponse":
        from pydantic_ai.direct import model_request_stream
        from pydantic_ai.models import ModelRequestParameters

        as_json = self._settings.calls == "json"
        sent = forced.plain(talk, tools=tools) if as_json else talk
        client = await self._connected()
        if self._told is None or self._told[0] is not tools:
            asked = forced.parameters(tools) if as_json else ModelRequestParameters(function_tools=list(tools))
            self._told = tools, self._first.customize_request_parameters(asked)
        opening = model_request_stream(
            client, sent, model_settings=self._model_settings(), model_request_parameters=self._told[1]
        )
        async with opening as self._stream:
            async for _ in self._stream:
                self._pieces += 1
            answer = self._stream.get()
        return forced.called(answer, number=len(talk)) if as_json and _is_whole(answer) else answer

    async def _connected(self) -> "Client":
        """The provider's client: one for all calls, because its connections belong to this event loop.

        The library fits the tools' schemas to the provider anew for each call, which takes milliseconds; here the
        client that does it is asked once for the same tools, and calls go through one that leaves them as they are.
        """
        from pydantic_ai.models import infer_model

        if self._client is None:
            provider = "openai-responses" if self._name.provider == "openai" else self._name.provider
            self._first = await self._open.enter_async_context(infer_model(f"{provider}:{self._name.model}"))
            make: Any = type(self._first)
            profile = {**self._first.profile, "json_schema_transformer": None}
            self._client = make(self._first.model_name, provider=self._first.provider, profile=profile)
        return self._client

    def _model_settings(self) -> "ModelSettings":
        from pydantic_ai.settings import ModelSettings

        if self._name.provider == "anthropic":
            from pydantic_ai.models.anthropic import AnthropicModelSettings

            kept: ModelSettings = AnthropicModelSettings(anthropic_cache=True)
        else:
            kept = ModelSettings()
        return kept | ModelSettings(
            max_tokens=self._settings.output_tokens,
            timeout=self._settings.stall_seconds,  # for each read: what the provider sends to show that it lives counts
            max_retries=0,
        )

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives; Stopped is heard while it goes on, and the watchdog sees a sign of life."""
        task = asyncio.ensure_future(work)
        signed = time.monotonic()
        try:
            while not (await asyncio.wait({task}, timeout=BEAT_SECONDS))[0]:
                self._bench.check()
                if time.monotonic() - signed > SIGN_SECONDS:
                    signed = time.monotonic()
                    words = f"listens to the model: {self._pieces} pieces" if self._pieces else "waits for the model"
                    self._bench.log(words)
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=HANG_UP_SECONDS)


def _is_whole(answer: "ModelResponse") -> bool:
    """False for one that just ended, as when a proxy in between closes it. Some servers never say why they end."""
    said = (answer.provider_details or {}).get("finish_reason") or answer.usage.output_tokens
    return answer.state == "complete" and answer.finish_reason not in (None, "error") and bool(said)
