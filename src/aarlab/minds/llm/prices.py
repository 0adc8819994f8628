"""The prices of a mind's model."""

from aarlab import prices
from aarlab.minds.llm.names import Name
from aarlab.prices import Prices
from aarlab.settings import PriceSettings


def prices_of(name: Name, price: PriceSettings) -> Prices:
    """By its name as the settings write it. Raises UserError where nobody knows them."""
    return prices.prices_of(f"{name.provider}/{name.model}", price, words=name.words)
