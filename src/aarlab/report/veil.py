"""What of a study leaves the machine with `aarlab report --public`, and what does not: docs/report.md has the list."""

import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aarlab.lab.events import Kind
from aarlab.lab.office import HUMAN
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from aarlab.studyfile import dump_study

LEFT_OUT = "[left out]"
OPERATOR = "the operator"
_HOMES = re.compile(r"(?<![\w.])/(?:home|Users|root)\b(?:/[^\s'\"<>:,;)]*)?")
_PATHS = ("/", "~", ".")
"""What a path of this machine begins with; studyfile has made relative ones absolute."""


@dataclass(frozen=True)
class Veil:
    """Over a public report; `public=False` hides nothing."""

    public: bool
    """Whether the report is to leave the machine."""
    people: Mapping[str, str]
    """Researchers who are persons, and what they are called instead."""
    places: frozenset[str]
    """The study's folder, and names of machines on which it ran."""
    deciders: frozenset[str]
    """Names of who has decided an incident."""

    @classmethod
    def of(cls, paths: StudyPaths, state: State, events: Iterable[Event], *, public: bool) -> "Veil":
        """For one study."""
        people = [one.name for one in state.researchers.values() if one.mind == HUMAN]
        hosts = {event.meta["host"].get("node", "") for event in events if event.kind == Kind.SESSION_STARTED}
        return cls(
            public,
            {name: f"person {number}" for number, name in enumerate(people, 1)},
            frozenset({str(paths.root), platform.node(), *hosts} - {""}),
            frozenset(one.by for one in state.incidents.values() if one.by),
        )

    def who(self, name: str) -> str:
        """A researcher as it is called in the report."""
        return self.people.get(name, name) if self.public else name

    def code(self, text: str) -> str:
        """Code without places of this machine; a name in it may be a word of the language, so names stay."""
        return _HOMES.sub(LEFT_OUT, _without(text, dict.fromkeys(self.places, LEFT_OUT))) if self.public else text

    def text(self, text: str) -> str:
        """A researcher's words without places of this machine and names of persons."""
        return self.code(_without(text, self.people)) if self.public else text

    def told(self, text: str) -> str:
        """The lab's or the operator's words, also without names of who has decided."""
        return self.text(_without(text, dict.fromkeys(self.deciders, OPERATOR))) if self.public else text

    def settings(self, config: StudyConfig) -> str:
        """The study file; without its seed, from which the hidden draws follow, and without paths."""
        return self.code(dump_study(_bare(config) if self.public else config))


def _without(text: str, words: Mapping[str, str]) -> str:
    """Whole words replaced, longest first."""
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", words[word], text)
    return text


def _bare(config: StudyConfig) -> StudyConfig:
    study = config.study.model_copy(update={"seed": None, "papers": tuple(LEFT_OUT for _ in config.study.papers)})
    tables: dict[str, Any] = {
        "study": study,
        "problem": config.problem.model_copy(update=_without_paths(config.problem.own())),
        "minds": config.minds.model_copy(update=_without_paths(config.minds.model_dump())),
        "researcher": tuple(
            one.model_copy(update={"minds": {**one.minds, **_without_paths(one.minds)}}) for one in config.researcher
        ),
    }
    return config.model_copy(update=tables)


def _without_paths(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those fields that hold a path, without it."""
    return {name: LEFT_OUT for name, value in fields.items() if isinstance(value, str) and value.startswith(_PATHS)}
