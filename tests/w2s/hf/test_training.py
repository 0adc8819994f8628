"""Fine-tuning on the CPU: it learns, the same twice, and goes on after a kill to the same bytes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

from aarlab.errors import ResearcherError, UserError
from aarlab.w2s.fit import sigmoid
from aarlab.w2s.hf.load import ModelRef, load
from aarlab.w2s.hf.model import LanguageModel
from aarlab.w2s.hf.train import plan, rate
from aarlab.w2s.strong import Retarget, Texts
from aarlab.w2s.task import Floats
from aarlab.w2s.tuned import Tuned
from tests.support.tiny_items import RECIPE, choices, pairs, truth
from tests.support.tiny_model import tiny_model

pytestmark = pytest.mark.hf
ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 120.0


def trained(language: LanguageModel, items: list[Texts], **options: object) -> bytes:
    return language.finetune(items, truth(len(items)), **{"seed": 1, **options}).to_bytes()  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [pairs, choices])
def test_a_training_learns_and_is_the_same_twice(language: LanguageModel, make: Callable[[int], list[Texts]]) -> None:
    items = make(40)
    before = language.label_logits(items)
    tuned = language.finetune(items[:24], truth(), seed=1, epochs=8)
    assert ((language.label_logits(items, student=tuned) > 0) == truth(40)).mean() >= 0.9
    assert tuned.to_bytes() == trained(language, items[:24], epochs=8)
    assert tuned.to_bytes() != trained(language, items[:24], epochs=8, seed=2)
    assert np.array_equal(language.label_logits(items), before)  # the model itself is as it was


def test_soft_targets_are_met(language: LanguageModel) -> None:
    items, target = pairs(), np.where(truth() > 0, 0.8, 0.2)
    tuned = language.finetune(items, target, seed=1, epochs=20)
    assert np.abs(sigmoid(language.label_logits(items, student=tuned)) - target).mean() < 0.1


def test_items_without_weight_are_not_read(language: LanguageModel) -> None:
    items, weight = pairs(), np.ones(24)
    weight[12:] = 0
    expected = language.finetune(items[:12], truth(12), seed=1).to_bytes()
    items[13] = ("x", "longer than any item may be " * 500, "y")
    assert language.finetune(items, truth(), seed=1, weight=3 * weight).to_bytes() == expected
    with pytest.raises(ResearcherError, match="some item needs one"):
        language.finetune(items, truth(), seed=1, weight=0 * weight)
    with pytest.raises(ResearcherError, match=r"must lie in \[0, 1\]"):
        language.finetune(pairs(), truth() + 0.5, seed=1)


def test_a_training_goes_on_from_an_adapter(language: LanguageModel) -> None:
    first = language.finetune(pairs(), truth(), seed=1, epochs=1)
    second = language.finetune(pairs(), truth(), seed=2, epochs=1, start=first)
    loss = [np.logaddexp(0, (1 - 2 * truth()) * language.label_logits(pairs(), student=one)) for one in (first, second)]
    assert loss[1].mean() < loss[0].mean()
    with pytest.raises(ResearcherError, match="one adapter only"):
        language.finetune(pairs(), truth(), seed=1, start=Tuned.ensemble([first, second]))


def test_an_adapter_of_another_model_is_refused(language: LanguageModel, tmp_path: Path) -> None:
    other = load(ModelRef(str(tiny_model(tmp_path / "wide", width=64))), recipe=RECIPE, device="cpu")
    with pytest.raises(UserError, match="made for another model"):
        language.label_logits(pairs(), student=other.finetune(pairs(8), truth(8), seed=0))


# ---- targets that move --------------------------------------------------------------------------------------


def seen(keep: list[tuple[Floats, Floats, float]], move: Callable[[Floats], Floats]) -> Retarget:
    def retarget(logits: Floats, target: Floats, done: float) -> Floats:
        keep.append((logits, target, done))
        return move(target)

    return retarget


def test_targets_are_moved_batch_by_batch_as_items_are_given(language: LanguageModel) -> None:
    keep: list[tuple[Floats, Floats, float]] = []
    target = (np.arange(24) + 1) / 50
    language.finetune(pairs(), target, seed=1, retarget=seen(keep, lambda now: now))
    assert [len(found) for _, found, _ in keep] == [8] * 9  # 3 passes of 3 batches
    assert sorted(np.concatenate([found for _, found, _ in keep]).tolist()) == sorted([*target.tolist()] * 3)
    assert [done for _, _, done in keep] == pytest.approx([step / 9 for step in range(9)])
    first = np.rint(keep[0][1] * 50 - 1).astype(int)
    turn = np.abs(keep[0][0])[:, None] - np.abs(asked(language, pairs()))[first]  # in either order, as given
    assert np.abs(turn).min(axis=1).max() < 1e-4
    assert trained(language, pairs(), retarget=seen([], lambda now: now)) == trained(language, pairs())


def asked(language: LanguageModel, items: list[Texts]) -> Floats:
    """[n, 2] log-odds in each order alone."""
    words = ("A", "B")
    text = "Question: {}\nAnswer A: {}\nAnswer B: {}\nLabel:"
    orders = ([text.format(*item) for item in items], [text.format(item[0], item[2], item[1]) for item in items])
    return np.stack([language.compare(prompts, words) for prompts in orders], axis=1)


def test_moved_targets_may_leave_the_unit_interval(language: LanguageModel) -> None:
    """The loss is linear in its targets, so that 2 t - 1/2 doubles what they pull."""
    sharp = language.finetune(pairs(), truth(), seed=1, retarget=seen([], lambda now: 2 * now - 0.5))
    usual = language.finetune(pairs(), truth(), seed=1)
    clipped = language.finetune(pairs(), truth(), seed=1, retarget=seen([], lambda now: np.clip(2 * now - 0.5, 0, 1)))
    assert clipped.to_bytes() == usual.to_bytes() != sharp.to_bytes()
    sure = [np.abs(language.label_logits(pairs(), student=one)).mean() for one in (usual, sharp)]
    assert sure[1] > sure[0]


@pytest.mark.parametrize("move", [lambda now: now[:-1], lambda now: now / 0.0])
def test_what_is_no_target_is_refused(language: LanguageModel, move: Callable[[Floats], Floats]) -> None:
    with np.errstate(all="ignore"), pytest.raises(ResearcherError, match="one number for each of the 8 targets"):
        trained(language, pairs(), retarget=seen([], move))


# ---- what changes memory and time only ----------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"micro_batch": 3}, {"checkpointing": False}])
def test_smaller_pieces_give_the_same_up_to_rounding(
    language: LanguageModel, folder: Path, change: dict[str, object]
) -> None:
    other = load(ModelRef(str(folder)), recipe=RECIPE.model_copy(update=change), device="cpu")
    keep: tuple[list[tuple[Floats, Floats, float]], ...] = ([], [])
    logits = [
        model.label_logits(
            pairs(), student=model.finetune(pairs(), truth(), seed=1, retarget=seen(each, lambda now: now))
        )
        for model, each in zip((language, other), keep, strict=True)
    ]
    assert logits[0] == pytest.approx(logits[1], abs=0.02)
    assert [len(found) for _, found, _ in keep[1]] == [8] * 9
    assert keep[0][0][0] == pytest.approx(keep[1][0][0], abs=1e-4)


def test_every_pass_has_each_item_once_and_similar_lengths_together() -> None:
    lengths = np.random.default_rng(0).integers(10, 500, size=203).tolist()
    steps = plan(lengths, batch=8, epochs=2, seed=3)
    assert len(steps) == 2 * 26
    for epoch in (steps[:26], steps[26:]):
        assert sorted(np.concatenate([step.items for step in epoch]).tolist()) == list(range(203))
    spread = [np.ptp(np.array(lengths)[step.items]) for step in steps]
    assert np.mean(spread) < 100 < np.ptp(lengths)
    assert 0.4 < np.mean(np.concatenate([step.swap for step in steps])) < 0.6
    assert len(plan(lengths, batch=8, epochs=0.5, seed=3)) == 13


def test_the_rate_rises_and_falls_to_zero() -> None:
    rates = [rate(step, steps=50, recipe=RECIPE) for step in range(50)]
    assert rates[4] == max(rates) == RECIPE.rate
    assert rates[0] == pytest.approx(RECIPE.rate / 5)
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert 0 < rates[-1] < RECIPE.rate / 40


# ---- a kill -------------------------------------------------------------------------------------------------

PROGRAM = """
import sys
from pathlib import Path
from aarlab.w2s.hf.kept import Kept
from aarlab.w2s.hf.load import ModelRef, load
from tests.support.tiny_items import RECIPE, pairs, truth

kept = Kept(load(ModelRef(sys.argv[1]), recipe=RECIPE, device="cpu"), Path(sys.argv[2]), every=0.0)
tell = lambda done, steps: print(done, steps, flush=True)
data = kept.finetune(pairs(), truth(), seed=1, progress=tell).to_bytes()
Path(sys.argv[3]).write_bytes(data)
"""


def start(*arguments: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_bytes(language: LanguageModel, folder: Path, tmp_path: Path) -> None:
    with start(folder, tmp_path / "kept", tmp_path / "out") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("5 "):
                process.send_signal(signal.SIGKILL)
        assert process.wait(DEADLINE) == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    with start(folder, tmp_path / "kept", tmp_path / "out") as process:
        output, _ = process.communicate(timeout=DEADLINE)
    steps = [int(line.split()[0]) for line in output.splitlines()]
    assert steps[0] > 4  # what was done is not done again
    assert steps[-1] == 9
    assert (tmp_path / "out").read_bytes() == trained(language, pairs())
    assert not list((tmp_path / "kept").rglob("state.safetensors"))
