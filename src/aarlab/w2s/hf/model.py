"""A loaded language model as the hf backend uses it: label logits, hidden states, priors, fine-tuning, text."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aarlab.errors import ResearcherError, UserError
from aarlab.w2s.hf.adapters import Slots, layers_of
from aarlab.w2s.hf.passes import Passes
from aarlab.w2s.hf.processes import Processes
from aarlab.w2s.hf.prompts import CLAIMS, LABEL, PAIR, Claim, Prompt, answers, ask, kind, swapped
from aarlab.w2s.hf.settings import Recipe
from aarlab.w2s.hf.tokens import Reader, Row
from aarlab.w2s.strong import Retarget, Texts
from aarlab.w2s.task import Array, Floats
from aarlab.w2s.tuned import Adapter, Shapes, Tuned

if TYPE_CHECKING:
    from aarlab.w2s.hf.train import Job, Progress
    from aarlab.w2s.hf.vllm_writer import VllmWriter

CHECKPOINT_SECONDS = 120.0
"""Between two states of a training on disk."""


class LanguageModel:
    """A model with its tokenizer, for one thread. Under `accelerate launch` every process makes the same calls.

    Class 1 of a pair is that the second answer is right, of a single answer that it is right. The result of an item
    does not depend on the others, up to rounding.
    """

    def __init__(
        self,
        model: Any,
        reader: Reader,
        *,
        recipe: Recipe,
        digest: str,
        processes: Processes,
        writer: "VllmWriter | None" = None,
    ) -> None:
        """`load.load` makes one; `writer` None writes text with transformers.

        Raises UserError on an architecture that is not supported.
        """
        self.digest = digest
        """What the model is: of its files, or its commit on the hub."""
        self.recipe = recipe
        self.reader = reader
        self.size = sum(one.numel() * one.element_size() for one in model.parameters())
        """Bytes of its weights, without adapters."""
        self._model = model
        self.processes = processes
        self._passes = Passes(model, processes=processes)
        self._slots = Slots(model, recipe=recipe)
        self._writer = writer

    @property
    def shapes(self) -> Shapes:
        """Linear maps of attention and MLP, by name: (inputs, outputs). What an adapter changes."""
        return self._slots.shapes

    @property
    def layers(self) -> int:
        """Depth."""
        return len(layers_of(self._model)[1])

    @property
    def width(self) -> int:
        """Length of a hidden state."""
        return int(self._model.config.get_text_config().hidden_size)

    def label_logits(self, items: Sequence[Texts], *, student: Tuned | None = None) -> Floats:
        """[n] log-odds of class 1 of the student, or of the model as it is; a swap of a pair changes the sign."""
        if not items:
            return np.zeros(0)
        rows = self._both(items, LABEL[kind(items)])
        if student is None:
            return self._halved(rows)
        return student.join(np.stack([self._with(adapter, rows) for adapter in student.adapters], axis=1))

    def hidden(self, items: Sequence[Texts], *, layer: int) -> Array:
        """[n, d] hidden states after `layer` layers (0 is the embedding), averaged over the answer's tokens.

        Of pairs it is second minus first. Raises UserError on a layer that does not exist.
        """
        if not 0 <= layer <= self.layers:
            raise UserError(f"layer must be 0 to {self.layers} for this model, not {layer}")
        if not items:
            return np.zeros((0, self.width), np.float32)
        pairs = kind(items) == PAIR
        states = self._passes.means(self.reader.answered(answers(items)), layer=layer)
        return np.asarray(states[1::2] - states[::2] if pairs else states, np.float32)

    def prior(self, items: Sequence[Texts]) -> Floats:
        """[n] zero-shot log-odds of class 1: the mean over all claims."""
        return np.asarray(self.prior_margins(items).mean(axis=0), np.float64)

    def prior_margins(self, items: Sequence[Texts]) -> Floats:
        """[claims, n] the same by claim; pairs are asked in both orders."""
        if not items:
            return np.zeros((1, 0))
        return np.stack([self._halved(self._both(items, claim)) for claim in CLAIMS[kind(items)]])

    def compare(self, prompts: Sequence[str], words: tuple[str, str]) -> Floats:
        """[n] log P(words[1] | prompt) - log P(words[0] | prompt); of a long prompt the end is read.

        Raises ResearcherError for words that begin with the same token.
        """
        return self._passes.margins(self.reader.rows([Prompt("", text, "") for text in prompts], words))

    def finetune(
        self,
        items: Sequence[Texts],
        target: Floats,
        *,
        seed: int,
        weight: Floats | None = None,
        retarget: Retarget | None = None,
        epochs: float | None = None,
        start: Tuned | None = None,
        checkpoint: Path | None = None,
        every: float = CHECKPOINT_SECONDS,
        progress: "Progress | None" = None,
    ) -> Tuned:
        """One adapter trained on soft targets [n], by the recipe. Deterministic on one kind of machine.

        Which order a pair is asked in is drawn anew in each epoch. `weight` [n] >= 0 gets mean 1 over those that have
        any; the others are not read. `retarget` is called once a batch, and may leave [0, 1]: the loss is linear in its
        targets. `checkpoint` is a folder for this training
        alone, with a state every `every` seconds: after a crash the same call goes on to the same result. Raises
        ResearcherError when no item has weight, `retarget` gives no numbers, or `start` has several adapters.
        """
        from aarlab.w2s.hf.train import Trainer

        if start is not None and len(start.adapters) != 1:
            raise ResearcherError("a training can go on from one adapter only")
        job = self._job(items, target, weight, seed, epochs, retarget, start)
        trainer = Trainer(job, passes=self._passes, slots=self._slots)
        return Tuned((trainer.run(folder=checkpoint, every=every, progress=progress),))

    def generate(
        self, prompts: Sequence[str], *, tokens: int, temperature: float, seed: int, student: Tuned | None = None
    ) -> list[str]:
        """What is written after each prompt, at most `tokens` tokens; temperature 0 takes the likeliest.

        Raises ResearcherError for a student of several adapters, and where no room is left for a prompt.
        """
        from aarlab.w2s.hf.writing import write

        if student is not None and len(student.adapters) != 1:
            raise ResearcherError("text is written with one adapter only")
        if not 1 <= tokens < self.recipe.max_tokens:
            raise ResearcherError(f"a text must have 1 to {self.recipe.max_tokens - 1} tokens, not {tokens}")
        rows = self.reader.rows([Prompt("", text, "") for text in prompts], LABEL[PAIR].words, room=tokens)
        adapter = None if student is None else student.adapters[0]
        if self._writer is not None:
            return self._writer.write(rows, tokens=tokens, temperature=temperature, seed=seed, adapter=adapter)
        rank = None if adapter is None else self._slots.fill(adapter)
        with self._slots.using(rank):
            return write(self._passes, rows, self.reader.tokenizer, tokens=tokens, temperature=temperature, seed=seed)

    def _with(self, adapter: Adapter, rows: tuple[list[Row], list[Row]]) -> Floats:
        with self._slots.using(self._slots.fill(adapter)):
            return self._halved(rows)

    def _halved(self, rows: tuple[list[Row], list[Row]]) -> Floats:
        """[n] log-odds of items from the rows as given and swapped; the latter are empty for single answers."""
        given, turned = rows
        found = self._passes.margins([*given, *turned])
        return (found[: len(given)] - found[len(given) :]) / 2 if turned else found

    def _both(self, items: Sequence[Texts], claim: Claim) -> tuple[list[Row], list[Row]]:
        given = self.reader.rows([ask(item, claim) for item in items], claim.words)
        if kind(items) != PAIR:
            return given, []
        return given, self.reader.rows([ask(swapped(item), claim) for item in items], claim.words)

    def _job(
        self,
        items: Sequence[Texts],
        target: Floats,
        weight: Floats | None,
        seed: int,
        epochs: float | None,
        retarget: Retarget | None,
        start: Tuned | None,
    ) -> "Job":
        from aarlab.w2s.hf.train import Job

        goal, weights = _checked(len(items), target, weight)
        kept = np.flatnonzero(weights)
        rows = self._both([items[at] for at in kept.tolist()], LABEL[kind(items)])
        return Job(
            rows=(rows[0], rows[1] or rows[0]),
            target=goal[kept],
            weight=weights[kept] / weights[kept].mean(),
            signs=bool(rows[1]),
            seed=seed,
            recipe=self.recipe,
            epochs=self.recipe.epochs if epochs is None else epochs,
            retarget=retarget,
            start=None if start is None else start.adapters[0],
        )


def _checked(count: int, target: Floats, weight: Floats | None) -> tuple[Floats, Floats]:
    """Targets and weights as float64. Raises ResearcherError."""
    goal = np.asarray(target, np.float64)
    weights = np.ones(count) if weight is None else np.asarray(weight, np.float64)
    if goal.shape != (count,) or weights.shape != (count,):
        raise ResearcherError(f"targets and weights must have one number for each of {count} items")
    if not (np.isfinite(goal).all() and (goal >= 0).all() and (goal <= 1).all()):
        raise ResearcherError("targets must lie in [0, 1]")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ResearcherError("weights must not be negative, and some item needs one")
    return goal, weights
