"""What models were asked and what that has cost, as counts that add up."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field

from aarlab.wire.base import Wire


class Tokens(Wire):
    """Of one call, or of many."""

    input: int = Field(0, ge=0)
    """All that was read, those of the cache among them."""
    output: int = Field(0, ge=0)
    """All that was written, what was thought among it."""
    cache_read: int = Field(0, ge=0)
    """Of the input: what the provider had in its cache."""
    cache_write: int = Field(0, ge=0)
    """Of the input: what the provider has put into its cache."""


class ModelUse(Wire):
    """Calls of one model."""

    calls: int = Field(0, ge=0)
    """Those that failed and were charged among them."""
    tokens: Tokens = Tokens()
    """Zero for calls that were never answered."""
    dollars: float = Field(0.0, ge=0, allow_inf_nan=False)
    """At the prices of their time."""

    def plus(self, other: Self, *, times: int = 1) -> Self:
        """Both together, or what is left without `other` (`times` = -1); never below zero."""
        mine, more = self.tokens.model_dump(), other.tokens.model_dump()
        tokens = Tokens(**{name: max(0, mine[name] + times * more[name]) for name in mine})
        dollars = max(0.0, self.dollars + times * other.dollars)
        return type(self)(calls=max(0, self.calls + times * other.calls), tokens=tokens, dollars=dollars)


Models = Mapping[str, ModelUse]
"""By model, as "provider/model"; "" stands for calls of which only the money is known."""


def summed(*parts: Models) -> dict[str, ModelUse]:
    """All together, by model."""
    found: dict[str, ModelUse] = {}
    for part in parts:
        for name, use in part.items():
            found[name] = found.get(name, ModelUse()).plus(use)
    return found


def without(models: Models, told: Models) -> dict[str, ModelUse]:
    """What is in `models` and not yet in `told`."""
    left = {name: use.plus(told[name], times=-1) if name in told else use for name, use in models.items()}
    return {name: use for name, use in left.items() if use != ModelUse()}


def total(models: Models) -> ModelUse:
    """All models together."""
    return summed(*({"": use} for use in models.values())).get("", ModelUse())
