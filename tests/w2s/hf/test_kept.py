"""What a model said is kept by all that it depends on."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

from aarlab.errors import OperatorError
from aarlab.w2s.hf.kept import Kept
from aarlab.w2s.hf.load import ModelRef, load
from aarlab.w2s.hf.model import LanguageModel
from aarlab.w2s.task import Floats
from tests.support.tiny_items import RECIPE, choices, pairs, truth
from tests.support.tiny_model import tiny_model

pytestmark = pytest.mark.hf


def same(_logits: Floats, target: Floats, _done: float) -> Floats:
    return target


def files(kept: Kept) -> set[Path]:
    return set(kept.folder.rglob("*.safetensors"))


ASKED: dict[str, Callable[[Kept], Any]] = {
    "finetune": lambda kept: kept.finetune(pairs(), truth(), seed=1).to_bytes(),
    "label_logits": lambda kept: kept.label_logits(pairs()),
    "hidden": lambda kept: kept.hidden(pairs(), layer=1),
    "prior": lambda kept: kept.prior(choices()),
    "prior_margins": lambda kept: kept.prior_margins(pairs()),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_what_is_asked_again_is_read_and_is_the_same(
    language: LanguageModel, tmp_path: Path, ask: Callable[[Kept], Any]
) -> None:
    kept = Kept(language, tmp_path)
    first = ask(kept)
    (file,) = files(kept)
    before = file.stat()
    second = ask(Kept(language, tmp_path))
    assert np.array_equal(first, second)
    assert getattr(first, "dtype", None) == getattr(second, "dtype", None)
    assert file.stat() == before
    assert files(kept) == {file}


@pytest.mark.parametrize(
    "harm", [lambda data: data[:-3], lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda _: b""]
)
def test_a_broken_file_is_made_again(language: LanguageModel, tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    kept = Kept(language, tmp_path)
    expected = kept.hidden(pairs(), layer=2)
    (file,) = files(kept)
    whole = file.read_bytes()
    file.write_bytes(harm(whole))
    assert np.array_equal(kept.hidden(pairs(), layer=2), expected)
    assert file.read_bytes() == whole


def test_a_result_under_another_ones_name_is_not_taken_for_it(language: LanguageModel, tmp_path: Path) -> None:
    kept = Kept(language, tmp_path)
    one, other = kept.hidden(pairs(), layer=1), kept.hidden(pairs(), layer=2)
    first, second = files(kept)
    shutil.copy(first, second)
    assert np.array_equal(kept.hidden(pairs(), layer=1), one)
    assert np.array_equal(kept.hidden(pairs(), layer=2), other)


def test_whatever_changes_a_training_makes_another_one(language: LanguageModel, tmp_path: Path) -> None:
    kept, weight = Kept(language, tmp_path), np.ones(24)
    weight[3] = 2
    started = kept.finetune(pairs(), truth(), seed=1)
    again = {"items": pairs(), "target": truth(), "seed": 1}
    changes: list[dict[str, Any]] = [
        {"items": [*pairs()[:-1], pairs()[0]]},
        {"target": 0.9 * truth()},
        {"seed": 2},
        {"weight": weight},
        {"epochs": 2.0},
        {"start": started},
        {"retarget": same, "name": "same"},
    ]
    for number, change in enumerate(changes):
        options = again | change
        kept.finetune(options.pop("items"), options.pop("target"), **options)
        assert len(files(kept)) == number + 2, change
    kept.finetune(pairs(), truth(), seed=1, epochs=RECIPE.epochs)  # what the recipe says anyway
    assert len(files(kept)) == len(changes) + 1


def test_another_model_recipe_or_student_makes_another_result(
    language: LanguageModel, folder: Path, tmp_path: Path
) -> None:
    recipes = [RECIPE.model_copy(update=change) for change in ({}, {"rate": 2e-2}, {"max_tokens": 128}, {"alpha": 8.0})]
    models = [load(ModelRef(str(folder)), recipe=recipe, device="cpu") for recipe in recipes]
    models += [load(ModelRef(str(tiny_model(tmp_path / "other", seed=1))), recipe=RECIPE, device="cpu")]
    tuned = language.finetune(pairs(), truth(), seed=1)
    counts = []
    for model in models:
        kept = Kept(model, tmp_path / "kept")
        kept.finetune(pairs(), truth(), seed=1)
        kept.label_logits(pairs())
        kept.label_logits(pairs(), student=tuned)
        counts.append(len(files(kept)))
    assert counts == [3, 4, 7, 9, 12]  # answers do not change with the rate, nor those without a student with alpha


def test_a_function_without_a_name_is_not_kept(language: LanguageModel, tmp_path: Path) -> None:
    kept = Kept(language, tmp_path)
    tuned = kept.finetune(pairs(), truth(), seed=1, retarget=same)
    assert not files(kept)
    assert kept.finetune(pairs(), truth(), seed=1).to_bytes() == tuned.to_bytes()


def test_two_at_the_same_training_do_not_harm_each_other(language: LanguageModel, folder: Path, tmp_path: Path) -> None:
    """Whoever comes second trains without a state of its own, and both give the same."""
    other = Kept(load(ModelRef(str(folder)), recipe=RECIPE, device="cpu"), tmp_path, every=0.0)
    inner: list[bytes] = []

    def meanwhile(done: int, _steps: int) -> None:
        if done == 2:
            assert len(list(tmp_path.rglob("state.safetensors"))) == 1
            inner.append(other.finetune(pairs(), truth(), seed=1).to_bytes())

    kept = Kept(language, tmp_path, every=0.0)
    assert [kept.finetune(pairs(), truth(), seed=1, progress=meanwhile).to_bytes()] == inner
    assert len(files(kept)) == 1


def test_a_folder_that_cannot_be_written_is_said_in_one_line(language: LanguageModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OperatorError, match=r"results cannot be kept in .*: Not a directory"):
        Kept(language, tmp_path / "file" / "kept")
