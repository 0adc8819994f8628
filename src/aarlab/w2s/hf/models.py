"""The two models of a problem with their memory on disk: what the lab's process for trusted trainings holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aarlab.canonical import digest, digest_json
from aarlab.w2s.hf.load import ModelRef, load
from aarlab.w2s.hf.settings import HfSettings
from aarlab.w2s.strong import Texts
from aarlab.w2s.task import Array, Floats, Task
from aarlab.w2s.tuned import AnyStudent, Shapes, Tuned

if TYPE_CHECKING:
    from aarlab.problem.contract import Progress
    from aarlab.w2s.hf.kept import Kept

Role = Literal["weak", "strong"]


@dataclass(frozen=True)
class Site:
    """Which models, and where their results are kept."""

    hf: HfSettings
    """Of the problem."""
    cache: Path
    """Folder."""

    def ref(self, role: Role) -> ModelRef:
        """The model of that role."""
        name = getattr(self.hf, role)
        folder = Path(name).expanduser()
        return ModelRef(str(folder) if folder.is_dir() else name, getattr(self.hf, f"{role}_revision"))


@dataclass(frozen=True)
class About:
    """What must be known of the strong model where it is not loaded."""

    shapes: Shapes
    """What an adapter changes."""
    layers: int
    """Depth."""
    chat: bool
    """Whether prompts go through its chat template."""
    size: int
    """Bytes of its weights in memory."""
    device: str
    """Where it is: "cpu", "cuda"."""


class Models:
    """Both models, each loaded when something is first asked of it. For one thread.

    Every public method is an order that `w2s.hf.desk` can send to the process.
    """

    def __init__(self, site: Site, progress: "Progress") -> None:
        self._site = site
        self._progress = progress

    def about(self) -> About:
        """Of the strong model."""
        model = self._strong.model
        return About(dict(model.shapes), model.layers, model.reader.chat, model.size, model.processes.device)

    def hidden(self, items: Sequence[Texts], layer: int) -> Array:
        """[n, d] as in LanguageModel.hidden, of the strong model."""
        self._progress(0, 1, "hidden states of the strong model")
        return self._strong.hidden(items, layer=layer)

    def prior(self, items: Sequence[Texts]) -> Floats:
        """[n] as in LanguageModel.prior, of the strong model."""
        self._progress(0, 1, "zero-shot answers of the strong model")
        return self._strong.prior(items)

    def judged(self, role: Role, items: Sequence[Texts], target: Floats, seed: int, asked: Sequence[Texts]) -> Floats:
        """[m] log-odds that the model, fine-tuned on items and targets [n], gives to other items."""
        kept = self._weak if role == "weak" else self._strong
        what = "steps of the weak teacher" if role == "weak" else "steps of the ceiling"
        tuned = kept.finetune(items, target, seed=seed, progress=lambda done, total: self._progress(done, total, what))
        return kept.label_logits(asked, student=tuned)

    def answered(self, items: Sequence[Texts], student: Tuned) -> Floats:
        """[n] log-odds of a student."""
        return self._strong.model.label_logits(items, student=student)

    def trained(
        self, name: str, settings: Mapping[str, Any], task: Task, items: Sequence[Texts], seed: int
    ) -> AnyStudent:
        """The student of a ready-made method on a task whose train inputs are `items`."""
        from aarlab.w2s.hf.bound import BoundModel
        from aarlab.w2s.methods import METHODS

        arrays = [digest(part.tobytes()) for part in (task.hidden, task.teacher, task.prior)]
        named = digest_json([name, dict(settings), seed, arrays])
        strong, epochs = self._strong, self._site.hf.recipe.epochs
        bound = BoundModel(lambda: strong.model, items, epochs=epochs, kept=strong, name=named)
        return METHODS[name](replace(task, strong=bound), seed=seed, **settings)

    @cached_property
    def _weak(self) -> "Kept":
        return self._load("weak")

    @cached_property
    def _strong(self) -> "Kept":
        return self._load("strong")

    def _load(self, role: Role) -> "Kept":
        from aarlab.w2s.hf.kept import Kept

        hf = self._site.hf
        self._progress(0, 1, f"loading the {role} model")
        generator = hf.generator if role == "strong" else "transformers"  # the weak model writes nothing
        model = load(self._site.ref(role), recipe=hf.recipe, chat_template=hf.chat_template, generator=generator)
        return Kept(model, self._site.cache)
