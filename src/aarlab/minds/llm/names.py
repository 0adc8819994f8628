"""Which model, as settings name it, and whether it can be used here. Imports nothing heavy."""

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec

from aarlab.errors import OperatorError, UserError

KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "openai-chat": "OPENAI_API_KEY"}
"""Environment variable with the key, by provider; base addresses from ANTHROPIC_BASE_URL and OPENAI_BASE_URL."""
_NAME = re.compile(r"(?P<provider>[a-z-]+)/(?P<model>[!-~]{1,200})")


@dataclass(frozen=True)
class Name:
    """A model of a provider."""

    provider: str
    """One of KEYS. "openai" speaks the Responses API, "openai-chat" what most other servers speak."""
    model: str
    """As the provider calls it."""

    @property
    def words(self) -> str:
        """As in the settings, with the setting's name, for a message."""
        return f"minds.model = '{self.provider}/{self.model}'"

    @property
    def key(self) -> str:
        """Environment variable with the key."""
        return KEYS[self.provider]

    @property
    def base(self) -> str:
        """Environment variable with the address."""
        return self.key.replace("_API_KEY", "_BASE_URL")


def name_of(text: str) -> Name:
    """The model of the setting `minds.model`. Raises UserError for what names none."""
    match = _NAME.fullmatch(text)
    if match is None or match["provider"] not in KEYS:
        given = f"minds.model = {text!r}" if text else "minds.kind = 'llm' needs a model"
        raise UserError(
            f"{given}: set minds.model to provider/model with one of {', '.join(KEYS)} as provider, "
            "and its key in ANTHROPIC_API_KEY or OPENAI_API_KEY"
        )
    return Name(match["provider"], match["model"])


def require_key(name: Name) -> None:
    """Raises OperatorError where the library or the key is missing."""
    if find_spec("pydantic_ai") is None:
        raise OperatorError('minds.kind = "llm" needs a library: pip install "aarlab[llm]"')
    if not os.environ.get(name.key):
        raise OperatorError(f"{name.words} needs a key: set the environment variable {name.key}")
