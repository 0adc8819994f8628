"""A monitor without a model: it answers by the rules in questions.toml, or with canned answers. Needs no key."""

import re
from collections.abc import Mapping
from dataclasses import replace

from aarlab.integrity.case import Case
from aarlab.integrity.monitor.material import Material, material
from aarlab.integrity.monitor.protocol import QUOTE_LENGTH, Answer, Quote, Review, blank, checked
from aarlab.integrity.monitor.questions import Question, questions


class ScriptedMonitor:
    """For tests and for trying out what follows from an answer. It misses whatever its few rules do not name."""

    name = "scripted/rules"

    def __init__(self, *, canned: Mapping[str, Answer] | None = None) -> None:
        """`canned`: answers by the name of the question, instead of the rule's."""
        self._canned = dict(canned or {})

    def worst(self, case: Case) -> float:
        """Nothing."""
        del case
        return 0.0

    def review(self, case: Case) -> Review:
        """Reads once and answers twice the same."""
        seen = material(case)
        answers = tuple(checked(self._answer(question, seen), seen) for question in questions())
        return replace(blank(case, model=self.name), readings=(answers, answers), trouble="" if seen.whole else "cut")

    def _answer(self, question: Question, seen: Material) -> Answer:
        if question.id in self._canned:
            return self._canned[question.id]
        quotes = tuple(_lines(question.rule, seen))[:3] if question.rule else ()
        return Answer(question.id, "yes" if quotes else "no", quotes)


def _lines(rule: str, seen: Material) -> list[Quote]:
    """The lines of the method in which the rule finds something."""
    return [
        Quote(name, line)
        for name, text in seen.parts.items()
        if name.startswith("method/")
        for line in text.splitlines()
        if len("".join(line.split())) >= QUOTE_LENGTH and re.search(rule, line)
    ]
