"""What a call of a model costs: by the settings, or by the table of the library genai-prices. Unknown is asked for."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from typing import Protocol

from aarlab.errors import OperatorError, UserError
from aarlab.settings import MindSettings, ModelPrice, PriceSettings, StudyConfig
from aarlab.wire import Tokens

MILLION = 1_000_000
ANTHROPIC_CACHE_WRITE = 1.25
"""Times the price of input, where the settings do not say it: https://docs.claude.com/en/docs/about-claude/pricing."""
_DAY = re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b")


class Counted(Protocol):
    """Tokens as a provider's library counts them."""

    @property
    def input_tokens(self) -> int:
        """All that was read, those of the cache among them."""
        ...

    @property
    def output_tokens(self) -> int:
        """All that was written."""
        ...

    @property
    def cache_read_tokens(self) -> int:
        """Of the input: what the provider had in its cache."""
        ...

    @property
    def cache_write_tokens(self) -> int:
        """Of the input: what the provider has put into its cache."""
        ...


@dataclass(frozen=True)
class Counts:
    """Tokens; see `Counted`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


def tokens_of(usage: Counted) -> Tokens:
    """As the ledger has them."""
    return Tokens(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_tokens,
        cache_write=usage.cache_write_tokens,
    )


@dataclass(frozen=True)
class Rates:
    """Dollars for a million tokens of each kind, in a short request."""

    input: float
    output: float
    cache_read: float
    cache_write: float


@dataclass(frozen=True)
class Prices:
    """Prices of one model."""

    model: str
    """"provider/model"."""
    own: ModelPrice | None
    """What the settings say; None = by the table."""

    @property
    def source(self) -> str:
        """Where they come from, for the record."""
        if self.own is None:
            return f"genai-prices {version('genai-prices')}"
        return "settings" if self.own.as_of is None else f"settings, as of {self.own.as_of.isoformat()}"

    @property
    def rates(self) -> Rates:
        """What is shown. The table may ask more for long requests, which `dollars` knows."""
        one = 1000
        plain, written = (self.dollars(Counts(one)), self.dollars(Counts(0, one)))
        read = self.dollars(Counts(one, cache_read_tokens=one))
        kept = self.dollars(Counts(one, cache_write_tokens=one))
        return Rates(*(round(dollars * MILLION / one, 9) for dollars in (plain, written, read, kept)))

    def dollars(self, usage: Counted) -> float:
        """What a call has cost."""
        if self.own is None:
            return _table(self.model, usage)
        read, kept = usage.cache_read_tokens, usage.cache_write_tokens
        plain = max(0, usage.input_tokens - read - kept) * self.own.input
        return (plain + read * self._read + kept * self._kept + usage.output_tokens * self.own.output) / MILLION

    def worst(self, *, tokens_in: int, tokens_out: int) -> float:
        """The most that a call of so many tokens costs, whatever the provider keeps in its cache."""
        plain = self.dollars(Counts(tokens_in, tokens_out))
        read = self.dollars(Counts(tokens_in, tokens_out, cache_read_tokens=tokens_in))
        return max(plain, read, self.dollars(Counts(tokens_in, tokens_out, cache_write_tokens=tokens_in)))

    @property
    def _read(self) -> float:
        assert self.own is not None
        return self.own.input if self.own.cache_read is None else self.own.cache_read

    @property
    def _kept(self) -> float:
        assert self.own is not None
        more = ANTHROPIC_CACHE_WRITE if self.model.startswith("anthropic/") else 1.0
        return self.own.input * more if self.own.cache_write is None else self.own.cache_write


def prices_of(model: str, price: PriceSettings, *, words: str, short: bool = True) -> Prices:
    """The prices of "provider/model". `words` name it in a message, `short` as in `PriceSettings.of_model`.

    Raises UserError where nobody knows them: a price is never taken for zero.
    """
    if (price.model_input is None) != (price.model_output is None):
        raise UserError("price.model_input and price.model_output belong together: set both or none")
    found = Prices(model, price.of_model(model, short=short))
    try:
        found.dollars(Counts())
    except LookupError:
        table = "a table [[price.model]] with name, input and output"
        what = f"set price.model_input and price.model_output, or {table}" if short else f"write {table}"
        zero = "dollars for a million tokens (0 for a server of your own)"
        raise UserError(f"{words} has no known price: {what}, {zero}") from None
    return found


def minds_of(config: StudyConfig) -> list[tuple[MindSettings, int]]:
    """The minds of a study, and how many researchers have each."""
    every = [config.minds_of(own) for _, own in config.places]
    return [(mind, every.count(mind)) for number, mind in enumerate(every) if mind not in every[:number]]


def prices_in_force(config: StudyConfig) -> dict[str, Prices]:
    """The prices of all models of a study, by "provider/model". Raises UserError where nobody knows one."""
    monitor, found = config.integrity.monitor, dict[str, Prices]()
    if monitor and not monitor.startswith("scripted/"):
        found[monitor] = prices_of(monitor, config.price, words=f"integrity.monitor = {monitor!r}", short=False)
    for mind in [mind for mind, _ in minds_of(config) if mind.kind != "search" and mind.model]:
        found[mind.model] = prices_of(mind.model, config.price, words=f"minds.model = {mind.model!r}")
    return found


def table_day() -> str:
    """The latest day on which somebody checked a price of the table, by its own remarks; it has no other date."""
    from genai_prices.data import providers

    today = datetime.now(UTC).date().isoformat()
    remarks = [provider.price_comments or "" for provider in providers]
    remarks += [model.price_comments or "" for provider in providers for model in provider.models]
    return max((day for remark in remarks for day in _DAY.findall(remark) if day <= today), default="unknown")


def _table(model: str, usage: Counted) -> float:
    """Raises LookupError for a model that is not in it, OperatorError where the library is missing."""
    if find_spec("genai_prices") is None:
        raise OperatorError('prices of models need a library: pip install "aarlab[llm]"')
    from genai_prices import calc_price

    provider, _, name = model.partition("/")
    return float(calc_price(usage, name, provider_id=provider.partition("-")[0]).total_price)
