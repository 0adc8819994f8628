"""The questions that a monitor is asked about every method, and the prompts that carry them."""

import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Literal

from aarlab.canonical import digest_json

_FOLDER = files("aarlab.integrity.monitor")


@dataclass(frozen=True)
class Question:
    """One yes/no question; "yes" is the suspicious answer."""

    id: str
    """Its name."""
    level: Literal["quarantine", "warning"]
    """What follows from a proved "yes"."""
    ask: str
    """The question."""
    seen: str
    """Ends the sentence "A monitor says that the method ..."."""
    rule: str = ""
    """Regular expression with which the scripted monitor answers "yes"; "" = always "no"."""


@cache
def questions() -> tuple[Question, ...]:
    """All of questions.toml, in its order."""
    table = tomllib.loads(_FOLDER.joinpath("questions.toml").read_text("utf-8"))
    return tuple(Question(**entry) for entry in table["question"])


@cache
def prompt(name: str) -> Template:
    """One of the Markdown files in prompts/."""
    return Template(_FOLDER.joinpath("prompts", f"{name}.md").read_text("utf-8"))


@cache
def questions_hash() -> str:
    """SHA-256 over questions and prompts: a review holds for these only."""
    prompts = {name: prompt(name).template for name in ("instructions", "case")}
    return digest_json({"questions": [asdict(question) for question in questions()], "prompts": prompts})
