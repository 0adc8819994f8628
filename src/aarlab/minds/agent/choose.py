"""Which harness, by the settings."""

from collections.abc import Mapping
from pathlib import Path

from aarlab.errors import UserError
from aarlab.minds.protocol import Mind
from aarlab.settings import MindSettings, PriceSettings, SandboxSettings

CLAUDE = "claude-sdk"


def agent_mind(settings: MindSettings, *, price: PriceSettings) -> Mind:
    """The mind of `minds.kind = "agent"`. Raises UserError and OperatorError where it cannot be used."""
    if settings.agent == CLAUDE:
        from aarlab.minds.agent.claude import ClaudeMind

        return ClaudeMind(settings, price=price)
    from aarlab.minds.agent.command import CommandMind

    return CommandMind(settings, price=price)


def shelves(settings: MindSettings, *, sandbox: SandboxSettings) -> Mapping[str, Path]:
    """What of the host its sandbox has besides, by the place inside. Raises UserError where that is missing."""
    if settings.agent == CLAUDE:
        return {}
    from aarlab.minds.agent.install import locate
    from aarlab.minds.agent.preset import preset

    if sandbox.backend == "unsafe-local":
        raise UserError(f"minds.agent = {settings.agent!r} works inside a sandbox, and unsafe-local is none")
    return locate(preset(settings.agent), program=settings.program).shelves
