"""The strong model of a task in a folder: written by the lab, opened in a sandbox. No label comes near it."""

import json
import os
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from aarlab.errors import ResearcherError
from aarlab.w2s.hf.settings import Generator, Recipe
from aarlab.w2s.strong import Texts

if TYPE_CHECKING:
    from aarlab.w2s.hf.bound import BoundModel
    from aarlab.w2s.hf.model import LanguageModel

PLACE = "/models/strong"
"""Where a sandbox has the strong model's folder."""
ELSEWHERE = "AARLAB_STRONG"
"""Environment variable with another place, for who has no sandbox."""
ITEMS = "items.jsonl"
MODEL = "model.json"


def write_strong(folder: Path, items: Sequence[Texts], *, recipe: Recipe, chat: bool, generator: Generator) -> None:
    """Writes the texts of the train inputs, in the order of the task, and how the model is fine-tuned and asked."""
    lines = [json.dumps(list(item), ensure_ascii=False) + "\n" for item in items]
    (folder / ITEMS).write_text("".join(lines), encoding="utf-8")
    facts = {"chat": chat, "generator": generator, "recipe": recipe.model_dump(mode="json")}
    (folder / MODEL).write_text(json.dumps(facts, sort_keys=True) + "\n", encoding="utf-8")


def open_strong(folder: Path) -> "BoundModel":
    """The model with the texts that `write_strong` wrote; its weights are read when they are first needed.

    Raises ResearcherError when the folder has none.
    """
    from aarlab.w2s.hf.bound import BoundModel

    try:
        facts = json.loads((folder / MODEL).read_text(encoding="utf-8"))
        lines = (folder / ITEMS).read_bytes().split(b"\n")  # not splitlines: texts hold other ends of lines
    except OSError as error:
        raise ResearcherError(f"{folder} holds no model for this task: {error.strerror} ({error.filename})") from error
    recipe = Recipe(**facts["recipe"])
    opened = partial(_loaded, recipe, bool(facts["chat"]), facts["generator"])
    return BoundModel(opened, [tuple(json.loads(line)) for line in lines if line], epochs=recipe.epochs)


@cache
def _loaded(recipe: Recipe, chat: bool, generator: Generator) -> "LanguageModel":
    """The same for all tasks of a process."""
    from aarlab.w2s.hf.load import ModelRef, load

    place = os.environ.get(ELSEWHERE, PLACE)
    return load(ModelRef(place), recipe=recipe, chat_template="yes" if chat else "no", generator=generator)
