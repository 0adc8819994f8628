"""What a model is asked, as text: label prompts to train on and zero-shot claims. An item is a pair or one answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from aarlab.errors import UserError
from aarlab.w2s.strong import Texts

PAIR = 3
"""Texts of an item with two answers: prompt, first, second."""
CHOICE = 2
"""Texts of an item with one: question, choice."""


@dataclass(frozen=True)
class Prompt:
    """A text in three parts, of which only the middle one may lose its beginning where the whole is too long."""

    lead: str
    given: str
    rest: str


@dataclass(frozen=True)
class Claim:
    """One way to ask: what stands after the answers, and the words that speak for class 0 and for class 1."""

    ask: str
    words: tuple[str, str]


LABEL = {
    PAIR: Claim("Label:", ("A", "B")),
    CHOICE: Claim("Label:", ("False", "True")),
}
"""What models are fine-tuned to say."""

CLAIMS = {
    PAIR: (
        Claim("Which of the two answers is better, A or B?\nBetter answer:", ("A", "B")),
        Claim("Claim: Answer B is better than Answer A.\nTrue or False? The claim is:", ("False", "True")),
        Claim("Claim: Answer A is the right one.\nTrue or False? The claim is:", ("True", "False")),
    ),
    CHOICE: (
        Claim("Is this answer correct? True or False:", ("False", "True")),
        Claim("Claim: the answer above is correct.\nTrue or False? The claim is:", ("False", "True")),
        Claim("Claim: there is a mistake in the answer above.\nTrue or False? The claim is:", ("True", "False")),
    ),
}
"""What an untrained model is asked, by kind of item; every claim is asked of pairs in both orders."""


def kind(items: Sequence[Texts]) -> int:
    """PAIR or CHOICE, the same for all items. Raises UserError."""
    sizes = {len(item) for item in items}
    if len(sizes) != 1 or not sizes <= {PAIR, CHOICE}:
        raise UserError("items must all be pairs (prompt, first, second) or all be single answers (question, choice)")
    return sizes.pop()


def ask(item: Texts, claim: Claim) -> Prompt:
    """The item followed by the claim's question."""
    if len(item) == PAIR:
        given, first, second = item
        return Prompt("Question: ", given, f"\nAnswer A: {first}\nAnswer B: {second}\n{claim.ask}")
    given, choice = item
    return Prompt("Question: ", given, f"\nAnswer: {choice}\n{claim.ask}")


def swapped(item: Texts) -> Texts:
    """The pair with its answers exchanged."""
    given, first, second = item
    return given, second, first


def answers(items: Sequence[Texts]) -> list[tuple[Prompt, str]]:
    """Each answer of each item as the continuation of its question, in order."""
    return [(Prompt("Question: ", item[0], "\nAnswer:"), answer) for item in items for answer in item[1:]]
