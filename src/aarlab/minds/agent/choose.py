"""Which harness, by the settings."""

from aarlab.errors import UserError
from aarlab.minds.protocol import Mind
from aarlab.settings import MindSettings, PriceSettings

CLAUDE = "claude-sdk"


def agent_mind(settings: MindSettings, *, price: PriceSettings) -> Mind:
    """The mind of `minds.kind = "agent"`. Raises UserError and OperatorError where it cannot be used."""
    if settings.agent == CLAUDE:
        from aarlab.minds.agent.claude import ClaudeMind

        return ClaudeMind(settings, price=price)
    raise UserError(f'minds.agent = {settings.agent!r}: there is no such agent; set it to "{CLAUDE}"')
