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
    private: Mapping[str, str]
    """Words that no text keeps, and what stands instead: names of machines, the study's folder, who has decided."""

    @classmethod
    def of(cls, paths: StudyPaths, state: State, events: Iterable[Event], *, public: bool) -> "Veil":
        """For one study."""
        people = [one.name for one in state.researchers.values() if one.mind == HUMAN]
        hosts = {event.meta["host"].get("node", "") for event in events if event.kind == Kind.SESSION_STARTED}
        places = dict.fromkeys({str(paths.root), platform.node(), *hosts} - {""}, LEFT_OUT)
        deciders = dict.fromkeys((one.by for one in state.incidents.values() if one.by), OPERATOR)
        called = {name: f"person {number}" for number, name in enumerate(people, 1)}
        return cls(public, called, places | deciders | called)

    def who(self, name: str) -> str:
        """A researcher as it is called in the report."""
        return self.people.get(name, name) if self.public else name

    def text(self, words: str) -> str:
        """Words of anybody, without paths of this machine, its name and names of people."""
        if not self.public:
            return words
        for word in sorted(self.private, key=len, reverse=True):
            words = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", self.private[word], words)
        return _HOMES.sub(LEFT_OUT, words)

    def settings(self, config: StudyConfig) -> str:
        """The study file; without its seed, from which the hidden draws follow, and without paths."""
        return self.text(dump_study(_bare(config) if self.public else config))


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
