"""The embedded model as a folder of transformers is the model that the numpy reader runs."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from aarlab.w2s.backends.smollm import SmolLM, load, pack
from aarlab.w2s.backends.tree import TokenTree
from aarlab.w2s.hf import load as loading
from tests.support.cli import aarlab
from tests.support.tiny_items import RECIPE, pairs, truth

pytestmark = [pytest.mark.hf, pytest.mark.slow, pytest.mark.model]
TEXTS = (
    "Question: what is 12 + 345?\nAnswer: It is 357, naïve reader — 東京.",
    "def add(a, b):\n    return a + b  # 2024",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("whole") / "smol")


@pytest.fixture(scope="module")
def numpy_model() -> SmolLM:
    return load()


def exported(to: Path, *options: str) -> Path:
    done = aarlab("model", "export", "--to", to, "--json", *options, cwd=to.parent)
    assert done.status == 0, done.err
    assert json.loads(done.out)["folder"] == str(to)
    return to


def check(folder: Path, numpy_model: SmolLM, *, layers: int) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        ids = tokenizer(text)["input_ids"]
        assert ids == numpy_model.tokenizer.encode(text).ids
        assert tokenizer.decode(ids) == text
        with torch.no_grad():
            found = model(input_ids=torch.tensor([ids]), output_hidden_states=True)
        chain = TokenTree(np.array(ids), np.arange(len(ids)) - 1, ())
        expected = numpy_model.hidden(pack([chain]), layers=[0, layers - 1, layers])
        assert found.hidden_states[0][0].numpy() == pytest.approx(expected[0])
        assert found.hidden_states[-2][0].numpy() == pytest.approx(expected[layers - 1], rel=1e-3, abs=1e-3)
        likely = torch.log_softmax(found.logits[0], -1)[range(len(ids) - 1), ids[1:]].numpy()
        targets = np.array(ids[1:])
        assert likely == pytest.approx(numpy_model.log_probabilities(expected[layers][:-1], targets), abs=1e-3)


def test_hidden_states_and_logits_are_those_of_the_numpy_reader(whole: Path, numpy_model: SmolLM) -> None:
    check(whole, numpy_model, layers=30)


def test_the_first_layers_are_a_model_for_the_hf_backend(tmp_path: Path, numpy_model: SmolLM) -> None:
    folder = exported(tmp_path / "weak", "--layers", "3")
    check(folder, numpy_model, layers=3)
    language = loading.load(loading.ModelRef(str(folder)), recipe=RECIPE, device="cpu")
    assert (language.layers, language.width, language.reader.chat) == (3, 576, True)
    assert language.hidden(pairs(4), layer=2).shape == (4, 576)
    tuned = language.finetune(pairs(4), truth(4), seed=0, epochs=1)
    assert language.label_logits(pairs(4)) != pytest.approx(language.label_logits(pairs(4), student=tuned), abs=1e-3)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for arguments, why in ((("there",), "exists already"), (("new", "--layers", "31"), "take 1 to 30")):
        done = aarlab("model", "export", "--to", *arguments, cwd=tmp_path)
        assert done.status == 2
        assert why in done.err
    assert [file.name for file in tmp_path.iterdir()] == ["there"]
