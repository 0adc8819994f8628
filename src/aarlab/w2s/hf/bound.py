"""A language model together with the train inputs of one task: what a method gets as `task.strong`."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aarlab.w2s.hf.model import LanguageModel
from aarlab.w2s.strong import Retarget, Texts
from aarlab.w2s.task import Floats
from aarlab.w2s.tuned import Shapes, Tuned

if TYPE_CHECKING:
    from aarlab.w2s.hf.kept import Kept


class BoundModel:
    """A StrongModel (aarlab.w2s.strong). The model is opened when something is first asked of it."""

    def __init__(
        self,
        opened: Callable[[], LanguageModel],
        items: Sequence[Texts],
        *,
        epochs: float,
        kept: "Kept | None" = None,
        name: str = "",
    ) -> None:
        """`kept` remembers results, also of targets that move: `name` says what moves them, and in what order."""
        self._opened = opened
        self._items = tuple(items)
        self._epochs = epochs
        self._kept = kept
        self._name = name
        self._moved = 0

    @cached_property
    def _model(self) -> LanguageModel:
        return self._opened()

    @property
    def items(self) -> Sequence[Texts]:
        """[n] texts of the train inputs."""
        return self._items

    @property
    def epochs(self) -> float:
        """Passes of the recipe."""
        return self._epochs

    @property
    def shapes(self) -> Shapes:
        """What an adapter changes."""
        return self._model.shapes

    def finetune(
        self,
        target: Floats,
        *,
        seed: int,
        weight: Floats | None = None,
        retarget: Retarget | None = None,
        epochs: float | None = None,
        start: Tuned | None = None,
    ) -> Tuned:
        """As in StrongModel."""
        options: dict[str, Any] = {"weight": weight, "retarget": retarget, "epochs": epochs, "start": start}
        if self._kept is None:
            return self._model.finetune(self._items, target, seed=seed, **options)
        self._moved += retarget is not None
        name = None if retarget is None else f"{self._name} {self._moved}"
        return self._kept.finetune(self._items, target, seed=seed, name=name, **options)

    def logits(self, student: Tuned | None = None, *, items: Sequence[Texts] | None = None) -> Floats:
        """As in StrongModel."""
        asked = self._items if items is None else items
        return (self._model if self._kept is None else self._kept).label_logits(asked, student=student)

    def compare(self, prompts: Sequence[str], words: tuple[str, str]) -> Floats:
        """As in StrongModel."""
        return self._model.compare(prompts, words)

    def generate(
        self, prompts: Sequence[str], *, tokens: int, temperature: float, seed: int, student: Tuned | None = None
    ) -> list[str]:
        """As in StrongModel."""
        return self._model.generate(prompts, tokens=tokens, temperature=temperature, seed=seed, student=student)
