"""Adapters as PEFT and vLLM read them."""

from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from aarlab.errors import OperatorError, ResearcherError
from aarlab.w2s.hf.load import ModelRef, load
from aarlab.w2s.hf.model import LanguageModel
from aarlab.w2s.hf.peft_folder import write_folder
from aarlab.w2s.hf.vllm_writer import VllmWriter, engine_options, sampling_options
from aarlab.w2s.tuned import Adapter
from tests.support.tiny_items import RECIPE, choices, truth

pytestmark = pytest.mark.hf


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # PEFT's own
def test_a_folder_of_an_adapter_gives_the_same_logits_in_peft(
    language: LanguageModel, folder: Path, tmp_path: Path
) -> None:
    tuned = language.finetune(choices(), truth(), seed=1)
    write_folder(tuned.adapters[0], tmp_path, recipe=RECIPE, model=str(folder))
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), tmp_path).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    false, true = (tokenizer(word)["input_ids"][0] for word in (" False", " True"))
    found = []
    for question, answer in choices():
        ids = tokenizer(f"Question: {question}\nAnswer: {answer}\nLabel:", return_tensors="pt")
        with torch.no_grad():
            logits = model(**ids).logits[0, -1]
        found.append(float(logits[true] - logits[false]))
    assert language.label_logits(choices(), student=tuned) == pytest.approx(found, abs=1e-3)
    assert language.label_logits(choices()) != pytest.approx(found, abs=0.1)


def test_vllm_gets_each_adapter_once_under_a_number_of_its_own(language: LanguageModel, folder: Path) -> None:
    writer = VllmWriter(str(folder), revision=None, dtype="float32", longest=256, recipe=RECIPE)
    one, other = (language.finetune(choices(), truth(), seed=seed, epochs=1).adapters[0] for seed in (1, 2))
    saved = [writer.saved(adapter) for adapter in (one, other, one)]
    assert saved[0] == saved[2]
    assert [number for _, number, _ in saved] == [1, 2, 1]
    assert len({where for _, _, where in saved}) == 2
    assert {file.name for file in Path(saved[0][2]).iterdir()} >= {"adapter_config.json", "adapter_model.safetensors"}
    wide = Adapter({key: a.repeat(4, 0) for key, a in one.down.items()}, {k: b.repeat(4, 1) for k, b in one.up.items()})
    with pytest.raises(ResearcherError, match="rank 8 at most"):
        writer.saved(wide)


def test_vllm_loads_the_model_that_is_fine_tuned() -> None:
    options = engine_options("a/b", revision="c" * 40, dtype="bfloat16", longest=8192, rank=32)
    assert options["revision"] == options["tokenizer_revision"] == "c" * 40
    assert (options["trust_remote_code"], options["max_lora_rank"], options["dtype"]) == (False, 32, "bfloat16")
    highest = {rank: engine_options("a", revision=None, dtype="", longest=1, rank=rank) for rank in (4, 33, 256)}
    assert [one["max_lora_rank"] for one in highest.values()] == [8, 64, 256]
    drawn = sampling_options(3, tokens=5, temperature=0.7, seed=10)
    assert [one["seed"] for one in drawn] == [10, 11, 12]
    assert {(one["max_tokens"], one["temperature"]) for one in drawn} == {(5, 0.7)}


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vllm is installed")
def test_without_vllm_it_is_refused_at_once(folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"vllm is not installed: pip install 'aarlab\[vllm\]'"):
        load(ModelRef(str(folder)), recipe=RECIPE, generator="vllm")


def test_a_text_leaves_room_for_its_prompt(language: LanguageModel) -> None:
    with pytest.raises(ResearcherError, match="must have 1 to 255 tokens, not 256"):
        language.generate(["what?"], tokens=256, temperature=0.0, seed=0)
