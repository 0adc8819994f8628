"""The tools of a language model: what they are called, what they take, and what is answered when they cannot work."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from aarlab.errors import ResearcherError
from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.news import digest_of
from aarlab.minds.tools.scribe import Scribe
from aarlab.minds.tools.watch import Watch

MOST = 12_000
"""Characters of one result that the model sees; the rest is in a file."""
TAIL = 3_000
"""Of these, from the end of the result."""
CALLS = 16
"""Calls of one answer that are carried out."""
TOO_MANY = f"not carried out: an answer has at most {CALLS} calls"


class Form(BaseModel):
    """What a tool takes, where that is no request to the lab as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


F = TypeVar("F", bound=BaseModel)


@dataclass(frozen=True)
class Tool:
    """One tool."""

    description: str
    """For the model."""
    form: type[BaseModel]
    """What it takes."""
    work: Callable[[Any], str]
    """Carries it out. Raises ResearcherError with a line for the model."""


def tool(description: str, form: type[F], work: Callable[[F], str]) -> Tool:
    """A tool whose work takes what its form describes."""
    return Tool(description, form, work)


class Toolbox:
    """All tools of one researcher. Calls are carried out one after another, in the order of the answer."""

    def __init__(self, tools: Mapping[str, Tool], *, bench: Workbench, scribe: Scribe) -> None:
        """`tools` by name."""
        self._tools = dict(tools)
        self._bench, self._scribe, self._watch = bench, scribe, Watch(bench)
        self._outputs = 0

    @property
    def tools(self) -> Mapping[str, Tool]:
        """By name."""
        return self._tools

    def session(self, *, worked: bool) -> None:
        """A session has ended, with any call or without. Raises GivenUp."""
        self._watch.session(worked=worked)

    @property
    def bench(self) -> Workbench:
        """Whose tools they are."""
        return self._bench

    def extended(self, more: Mapping[str, Tool]) -> "Toolbox":
        """These tools and more, in a box of its own."""
        return Toolbox({**self._tools, **more}, bench=self._bench, scribe=self._scribe)

    def call(self, name: str, given: str | Mapping[str, Any] | None, *, number: int = 0) -> str:
        """The result of the `number`-th call of an answer, as the model sees it.

        Raises Stopped, GivenUp, OperatorError. `given` are the arguments, as JSON or read from it.
        """
        return self.answer(name, given, number=number)[1]

    def answer(self, name: str, given: str | Mapping[str, Any] | None, *, number: int = 0) -> tuple[bool, str]:
        """As `call`, with whether it was carried out."""
        begin = time.monotonic()
        if number == 0:
            digest_of(self._bench).taken()
        self._bench.log(f"calls {name if name in self._tools else 'an unknown tool'}")
        with self._bench.calling():
            done, text = self._result(name, given) if number < CALLS else (False, TOO_MANY)
        self._scribe.call(name, result=text, seconds=time.monotonic() - begin)
        self._watch.called(name, given, result=text, failed=not done)
        return done, self._cut(text)

    def _result(self, name: str, given: str | Mapping[str, Any] | None) -> tuple[bool, str]:
        """Whether it was carried out, and what is answered."""
        found = self._tools.get(name)
        if found is None:
            return False, f"there is no tool {name[:64]!r}; there are: {', '.join(self._tools)}"
        try:
            read = given if isinstance(given, Mapping) else json.loads(given or "{}")
            return True, found.work(found.form.model_validate(read))
        except ValidationError as error:
            return False, f"not carried out: {_first(error)}"
        except ValueError:
            return False, "not carried out: the arguments are no complete JSON object"
        except ResearcherError as error:
            return False, f"refused: {error}"

    def _cut(self, text: str) -> str:
        if len(text) <= MOST:
            return text
        self._outputs += 1
        name = f"outputs/{self._outputs:04d}.txt"
        try:
            self._bench.put(name, text.encode())
            where = f"all of it is in /work/{name}"
        except ResearcherError as error:
            where = f"the rest is lost: {error}"
        return f"{text[: MOST - TAIL]}\n[... {len(text) - MOST} characters left out; {where} ...]\n{text[-TAIL:]}"


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, in one line."""
    found = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, found['loc'])) or 'the arguments'}: {found['msg']}"
