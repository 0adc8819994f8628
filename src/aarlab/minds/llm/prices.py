"""What a call costs: by the settings, or by the dated table of the library genai-prices. Unknown is asked for."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from aarlab.errors import UserError
from aarlab.minds.llm.names import Name
from aarlab.settings import PriceSettings

if TYPE_CHECKING:
    from pydantic_ai.usage import RequestUsage

MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """Prices of one model."""

    name: Name
    """The model."""
    input: float | None
    """Dollars for a million tokens that are read; None = by the table."""
    output: float | None
    """Dollars for a million tokens that are written; None as `input` is."""

    @property
    def source(self) -> str:
        """Where they come from, for the record."""
        return "settings" if self.input is not None else f"genai-prices {version('genai-prices')}"

    def dollars(self, usage: "RequestUsage") -> float:
        """What a call has cost."""
        if self.input is None or self.output is None:
            return _table(self.name, usage)
        return (usage.input_tokens * self.input + usage.output_tokens * self.output) / MILLION

    def worst(self, *, tokens_in: int, tokens_out: int) -> float:
        """The most that a call of so many tokens costs, whether the provider keeps its input in a cache or not."""
        from pydantic_ai.usage import RequestUsage

        plain = RequestUsage(input_tokens=tokens_in, output_tokens=tokens_out)
        kept = RequestUsage(input_tokens=tokens_in, cache_write_tokens=tokens_in, output_tokens=tokens_out)
        return max(self.dollars(plain), self.dollars(kept))


def prices_of(name: Name, price: PriceSettings) -> Prices:
    """The prices of a model. Raises UserError where nobody knows them: a price is never taken for zero."""
    if (price.model_input is None) != (price.model_output is None):
        raise UserError("price.model_input and price.model_output belong together: set both or none")
    found = Prices(name, price.model_input, price.model_output)
    if found.input is None:
        _table(name, None)
    return found


def _table(name: Name, usage: "RequestUsage | None") -> float:
    from genai_prices import calc_price
    from pydantic_ai.usage import RequestUsage

    try:
        found = calc_price(usage or RequestUsage(), name.model, provider_id=name.provider.partition("-")[0])
    except LookupError:
        raise UserError(
            f"{name.words} has no known price: set price.model_input and price.model_output, "
            "dollars for a million tokens (0 for a server of your own)"
        ) from None
    return float(found.total_price)
