"""What a monitor is, and what its reading of a method comes to. It acquits and convicts nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from aarlab.integrity.case import Case
from aarlab.integrity.monitor.material import Material, read_hash
from aarlab.integrity.monitor.questions import questions, questions_hash

Verdict = Literal["yes", "no", "unclear"]
Trouble = Literal["", "cut", "timeout", "refused", "malformed", "provider", "money"]
"""Why a method was not read as it should be: too long, no answer in time, the model declined, the answer had not the
asked form, the provider failed, the study had no money left for it. "" = it was read."""
QUOTE_LENGTH = 6
"""A shorter quote occurs by chance."""
QUOTE_KEPT = 400
"""Characters of a quote that are kept after it was checked."""


@dataclass(frozen=True)
class Quote:
    """A piece of the material."""

    source: str
    """Name of the part: "method/" and a path, "proposal" or "transcript"."""
    text: str
    """Copied from it, by a model: data."""


@dataclass(frozen=True)
class Answer:
    """To one question."""

    question: str
    """Its name."""
    verdict: Verdict
    """"yes" is the suspicious one."""
    quotes: tuple[Quote, ...] = ()
    """Evidence."""
    why: str = ""
    """The model's own words. For the operator only; data."""
    void: bool = False
    """A quote does not occur where it says, or a "yes" has none: the answer counts for nothing."""


@dataclass(frozen=True)
class Review:
    """What a monitor made of one method. It holds for exactly what was read, this model and these questions."""

    content: str
    """SHA-256 over the method's files, as the case has it."""
    read: str
    """SHA-256 over everything that was read (`read_hash`)."""
    questions: str
    """SHA-256 over questions and prompts."""
    model: str
    """Who read it, as "provider/model"."""
    readings: tuple[tuple[Answer, ...], ...] = ()
    """The answers, one tuple for each reading."""
    trouble: Trouble = ""
    """Why it was not read as it should be."""
    detail: str = ""
    """Kind of the error and its HTTP status, for the operator; nothing of the provider's own words."""
    tokens_in: int = 0
    """Tokens that were sent, by the provider's count."""
    tokens_out: int = 0
    """Tokens that came back."""
    dollars: float | None = None
    """What that has cost; None where it was no model that read."""


class Monitor(Protocol):
    """Reads methods."""

    @property
    def name(self) -> str:
        """As in the setting: "provider/model"."""

    def worst(self, case: Case) -> float:
        """The most dollars that reading it costs."""

    def review(self, case: Case) -> Review:
        """Blocks until the method was read or could not be. Raises OperatorError where no method could ever be read: a
        key that is wrong, a model that does not exist, an account without credit."""


def blank(case: Case, *, model: str) -> Review:
    """A review of `case` without answers."""
    return Review(content=case.content, read=read_hash(case), questions=questions_hash(), model=model)


def complete(answers: Sequence[Answer]) -> bool:
    """Whether every question has exactly one answer."""
    return sorted(answer.question for answer in answers) == sorted(question.id for question in questions())


def checked(answer: Answer, material: Material) -> Answer:
    """The answer, void unless each quote occurs to the letter in the part that it names, and a "yes" has one."""
    void = any(not _occurs(quote, material) for quote in answer.quotes) or (
        answer.verdict == "yes" and not answer.quotes
    )
    kept = tuple(replace(quote, text=quote.text[:QUOTE_KEPT]) for quote in answer.quotes)
    return replace(answer, quotes=kept, void=void, why=answer.why[:QUOTE_KEPT])


def _occurs(quote: Quote, material: Material) -> bool:
    long_enough = len("".join(quote.text.split())) >= QUOTE_LENGTH
    return long_enough and quote.text in material.parts.get(quote.source, "")
