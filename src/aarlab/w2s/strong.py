"""The strong model itself, as a method may use it: fine-tuning, label logits, prompts, text. Only hf tasks have one."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aarlab.w2s.task import Floats
    from aarlab.w2s.tuned import Shapes, Tuned

Texts = tuple[str, ...]
"""One item as text: (prompt, first, second) of a pair, (question, choice) of a single answer."""
Retarget = Callable[["Floats", "Floats", float], "Floats"]
"""(logits, targets, share of training done) -> the targets to train on now; not differentiated through."""


class StrongModel(Protocol):
    """The untrained strong model with the train inputs of one task. How it is fine-tuned is the task's, not the
    method's: rank, rate, epochs and batch are the same for vanilla, the ceiling and every method."""

    @property
    def items(self) -> Sequence[Texts]:
        """[n] texts of the train inputs, in the order of Task.teacher."""
        ...

    @property
    def epochs(self) -> float:
        """Passes over the items that the task's recipe makes, for a method that divides them."""
        ...

    @property
    def shapes(self) -> "Shapes":
        """What an adapter changes: module of the model -> (inputs, outputs) of its matrix."""
        ...

    def finetune(
        self,
        target: "Floats",
        *,
        seed: int,
        weight: "Floats | None" = None,
        retarget: Retarget | None = None,
        epochs: float | None = None,
        start: "Tuned | None" = None,
    ) -> "Tuned":
        """One adapter trained on soft targets [n] in [0, 1], by cross-entropy over the two label tokens.

        `weight` [n] >= 0 counts items (mean 1 over those that have any; those with 0 are not read); `retarget` moves
        the targets of each batch, also out of [0, 1]; `epochs` other than the task's; `start` goes on from an adapter.
        Deterministic in its arguments on one kind of machine. Raises ResearcherError when no item has weight.
        """
        ...

    def logits(self, student: "Tuned | None" = None, *, items: Sequence[Texts] | None = None) -> "Floats":
        """[n] log-odds of class 1 of `student`, or of the model as it is, for the train inputs or other texts.

        Of pairs both orders are asked, so that a swap changes the sign.
        """
        ...

    def compare(self, prompts: Sequence[str], words: tuple[str, str]) -> "Floats":
        """[n] log P(words[1] | prompt) - log P(words[0] | prompt), for prompts of the method's own: few-shot ones.

        Raises ResearcherError for words that begin with the same token.
        """
        ...

    def generate(
        self, prompts: Sequence[str], *, tokens: int, temperature: float, seed: int, student: "Tuned | None" = None
    ) -> list[str]:
        """What the model, or the model with an adapter, writes after each prompt; at most `tokens` tokens."""
        ...
