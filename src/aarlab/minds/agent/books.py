"""What each request through the proxy costs and leaves in the record, and which failures end them all."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aarlab.errors import UserError
from aarlab.minds.agent.answers import Stream, answered
from aarlab.minds.agent.heard import Ear
from aarlab.minds.agent.rules import Cleaned, Form
from aarlab.minds.agent.till import Till
from aarlab.minds.llm.context import Scale
from aarlab.minds.llm.names import Name
from aarlab.minds.tools.scribe import Scribe
from aarlab.prices import Prices, tokens_of


@dataclass
class Exchange:
    """One request that is paid for, and its answer as far as it has come."""

    form: Form
    """Its language."""
    asked: Cleaned
    """As it is sent."""
    size: int
    """Bytes of it."""
    number: int
    """In the till."""
    begin: float = field(default_factory=time.monotonic)
    """On the monotonic clock."""
    sent: bool = False
    """Whether it may have to be paid for."""
    status: int = 0
    """Of the provider's error, if it has sent one."""
    stream: Stream | None = None
    """Its answer, where that is a stream."""
    answer: Any = None
    """Its answer, where that is one JSON value."""
    settled: bool = False
    """Whether it is paid."""


class Books:
    """Used from one thread."""

    def __init__(self, name: Name, *, till: Till, prices: Prices, scribe: Scribe) -> None:
        """Nothing was asked."""
        self._name, self._till, self._prices, self._scribe = name, till, prices, scribe
        self._ear, self._scale = Ear(), Scale()

    def open(self, asked: Cleaned, *, form: Form, size: int) -> Exchange:
        """Sets the worst case aside and records what is new in the request. Raises AarlabError."""
        worst = self._prices.worst(tokens_in=self._scale.most(size), tokens_out=asked.output)
        exchange = Exchange(form, asked, size, self._till.reserve(worst))
        if (said := self._ear.fresh(asked.body, form=form)) is not None:
            self._scribe.message(said)
        return exchange

    def settle(self, exchange: Exchange) -> None:
        """Pays, once: nothing for what was refused, what it says it has used, or all that was set aside."""
        if exchange.settled:
            return
        exchange.settled = True
        seconds = time.monotonic() - exchange.begin
        whole = exchange.stream.answer if exchange.stream else exchange.answer
        found = answered(whole, form=exchange.form) if isinstance(whole, Mapping) else None
        if found is not None:
            usage = found.usage
            dollars = self._till.pay(exchange.number, self._prices.dollars(usage), tokens=tokens_of(usage))
            self._scale.learn(exchange.size, tokens=usage.input_tokens)
            self._scribe.answer(found, dollars=dollars, seconds=seconds, prices=self._prices.source)
            return
        dollars = self._till.pay(exchange.number, None if exchange.sent else 0.0)
        self._scribe.trouble(_why(exchange), dollars=dollars, seconds=seconds)

    def failed(self, status: int, data: bytes) -> None:
        """The provider has answered with an error; none of its text is repeated, some hold the key."""
        words = f"{_code(data)} {data[:2000].decode(errors='replace').lower()}"
        name, why = self._name, ""
        if status == 402 or "insufficient_quota" in words or "credit balance" in words:
            why = f"the account of {name.key} has no credit left"
        elif status in (401, 403):
            why = f"the provider refused the key; set {name.key}"
        elif status == 404:
            why = f"the provider knows no such model; correct the name, or {name.base}"
        if why:
            self._till.close(UserError(f"{name.words}: {why}"))


def _why(exchange: Exchange) -> str:
    if exchange.status:
        return f"the provider answered with status {exchange.status}"
    return "the answer is not whole, or does not say what it has used" if exchange.sent else "there was no connection"


def _code(data: bytes) -> str:
    """The word for an error in a provider's answer."""
    try:
        error = json.loads(data)["error"]
        return f"{error.get('type')} {error.get('code')}"
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
