"""Blanks out what is secret before anything is written down: values of the environment, and what looks like a key."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any

BLANK = "[redacted]"
SHORTEST = 8
"""A value with fewer characters is no secret; blanking it out would hide ordinary words."""
_NAMED = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD)S?$")
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt]))"
"""Not within a word; a key after a line feed that JSON has escaped does not stand within one."""
_FORMS = (
    r"(?:sk|gh[pousr]|xox[abeprs])[-_][A-Za-z0-9_-]{16,}",  # Anthropic, OpenAI, OpenRouter; GitHub; Slack
    r"(?:github_pat_|glpat-|pypi-)[A-Za-z0-9_-]{20,}",
    r"(?:hf_|npm_|r8_|gsk_|xai-)[A-Za-z0-9]{30,}",
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"ya29\.[A-Za-z0-9._-]{20,}",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",  # JWT
)
_KEYS = re.compile(_START + "(?:" + "|".join(_FORMS) + ")")
_BEHIND = re.compile(
    r"(?i)((?:secret_?(?:access_?)?key|x-(?:goog-)?api-key)[\"'\s:=\\]{1,8}|bearer\s{1,4})[A-Za-z0-9/+._~=-]{20,}"
)
"""A secret that is known by what stands before it."""
_PRIVATE = re.compile(
    r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|\Z)", re.DOTALL
)


class Secrets:
    """Knows the secrets of the environment in which it was made."""

    def __init__(self) -> None:
        """Reads the environment."""
        named = {value for name, value in os.environ.items() if _NAMED.search(name) and len(value) >= SHORTEST}
        forms = named | {json.dumps(value)[1:-1] for value in named}
        self._values = sorted(forms, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for value in self._values:
            text = text.replace(value, BLANK)
        text = _PRIVATE.sub(BLANK, text)
        return _KEYS.sub(BLANK, _BEHIND.sub(lambda found: found[1] + BLANK, text))

    def cleaned(self, value: Any) -> Any:
        """Plain data without secrets in any of its texts, names of fields included."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, Mapping):
            return {self.clean(str(name)): self.cleaned(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.cleaned(one) for one in value]
        return value
