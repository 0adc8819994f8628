"""How a coding agent is started: presets as data, and a user's own file of the same form."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from aarlab.errors import UserError
from aarlab.settings import Model

FOLDER = Path(__file__).parent / "presets"
Language = Literal["anthropic", "openai", "openai-chat"]


class Preset(Model):
    """One coding agent. In `argv`, `environment` and `files` these words are replaced:

    {program} and {folder} (where they lie inside), {home}, {prompt}, {model}, {model_url}, {mcp_url}, {token}.
    """

    title: str
    """For messages."""
    program: str = ""
    """Name on the PATH of the host, or a path; its npm package is mounted with it. "" = `argv` needs none."""
    folder: str = ""
    """Folder of the host that is mounted as well, relative to the preset's file; "" = none."""
    install: str = ""
    """How to get the program."""
    languages: tuple[Language, ...] = ()
    """Of model providers, which it speaks; () = any."""
    argv: tuple[str, ...] = Field(min_length=1)
    """The command. Without {prompt} the prompt is its standard input."""
    output: Literal["text", "json"] = "text"
    """"json": its lines repeat what the lab's proxy has heard, so they stay out of the log."""
    environment: Mapping[str, str] = Field(default_factory=dict)
    """Beside what every command in a sandbox has."""
    files: Mapping[str, str] = Field(default_factory=dict)
    """Written before it starts: path below its home -> text."""


def names() -> list[str]:
    """Of the presets that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def preset(agent: str) -> Preset:
    """The preset of the setting `minds.agent`: a name, or a path to a TOML file. Raises UserError."""
    path = Path(agent) if agent.endswith(".toml") else FOLDER / f"{agent}.toml"
    if path.parent == FOLDER and agent not in names():
        raise UserError(
            f"minds.agent = {agent!r}: there are claude-sdk, {', '.join(names())}, or a path to a .toml file"
        )
    try:
        found = Preset.model_validate(tomllib.loads(path.read_text()))
    except OSError as error:
        raise UserError(f"minds.agent = {agent!r} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError as error:
        raise UserError(f"{path} is no TOML: {error}") from None
    return (
        found if not found.folder else found.model_copy(update={"folder": str((path.parent / found.folder).resolve())})
    )


def filled(text: str, words: Mapping[str, str]) -> str:
    """`text` with its {words} replaced, and other braces as they are."""
    for name, value in words.items():
        text = text.replace("{" + name + "}", value)
    return text
