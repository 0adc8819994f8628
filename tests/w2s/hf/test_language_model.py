"""What a loaded model says: label logits, hidden states, priors and text, against transformers asked directly."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from aarlab.errors import ResearcherError, UserError
from aarlab.w2s.hf.load import ModelRef, load
from aarlab.w2s.hf.model import LanguageModel
from aarlab.w2s.hf.prompts import CLAIMS, PAIR, Prompt, swapped
from aarlab.w2s.task import Floats
from aarlab.w2s.tuned import Tuned
from tests.support.tiny_items import RECIPE, choices, pairs, truth
from tests.support.tiny_model import tiny_model

pytestmark = pytest.mark.hf
SURE: Any = partial(pytest.approx, rel=1e-4, abs=1e-4)


@pytest.fixture(scope="module")
def plain(folder: Path) -> tuple[Any, Any]:
    """The same model and tokenizer without anything of aarlab."""
    return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


def margin(plain: tuple[Any, Any], text: str, words: tuple[str, str]) -> float:
    model, tokenizer = plain
    first, second = (tokenizer(" " + word)["input_ids"][0] for word in words)
    with torch.no_grad():
        scores = torch.log_softmax(model(**tokenizer(text, return_tensors="pt")).logits[0, -1], -1)
    return float(scores[second] - scores[first])


# ---- labels -------------------------------------------------------------------------------------------------


def test_label_logits_are_what_the_model_says_after_the_prompt_in_both_orders(
    language: LanguageModel, plain: tuple[Any, Any]
) -> None:
    item = pairs()[1]
    asked = ("Question: {}\nAnswer A: {}\nAnswer B: {}\nLabel:".format(*each) for each in (item, swapped(item)))
    straight, turned = (margin(plain, text, ("A", "B")) for text in asked)
    assert language.label_logits([item])[0] == SURE((straight - turned) / 2)
    alone = "Question: {}\nAnswer: {}\nLabel:".format(*choices()[1])
    assert language.label_logits(choices()[1:2])[0] == SURE(margin(plain, alone, ("False", "True")))


def test_a_swap_changes_the_sign(language: LanguageModel) -> None:
    given = language.label_logits(pairs())
    assert np.abs(given).max() > 0.01
    assert language.label_logits([swapped(item) for item in pairs()]) == SURE(-given)


def test_an_items_logits_do_not_depend_on_the_others(language: LanguageModel) -> None:
    items = [*pairs(6), ("what? " * 30, "good " * 20, "bad")]
    assert np.array([language.label_logits([item])[0] for item in items]) == SURE(language.label_logits(items))
    assert language.label_logits(items[::-1])[::-1] == SURE(language.label_logits(items))
    assert language.label_logits([]).shape == (0,)


def test_pairs_and_single_answers_do_not_mix(language: LanguageModel) -> None:
    with pytest.raises(UserError, match="must all be pairs"):
        language.label_logits([pairs()[0], choices()[0]])


# ---- what gives way -----------------------------------------------------------------------------------------


def test_only_the_prompt_loses_its_beginning(folder: Path) -> None:
    short = load(ModelRef(str(folder)), recipe=RECIPE.model_copy(update={"max_tokens": 60}), device="cpu")
    row = short.reader.rows([Prompt("Question: ", "word " * 100 + "END?", "\nAnswer: good\nLabel:")], ("A", "B"))[0]
    text = short.reader.tokenizer.decode(row.ids)
    assert len(row.ids) == 60
    assert text.startswith("Question: ")
    assert text.endswith("word END?\nAnswer: good\nLabel:")
    with pytest.raises(UserError, match=r"answers alone are \d+ tokens too long for max_tokens = 60"):
        short.label_logits([("what?", "good " * 100, "bad")])
    with pytest.raises(UserError, match="too long"):
        short.hidden([("what?", "good " * 100)], layer=1)


def test_special_tokens_in_a_text_are_split_like_any_other(language: LanguageModel) -> None:
    row = language.reader.rows([Prompt("", "</s>", "")], ("A", "B"))[0]
    assert len(row.ids) > 1
    assert language.reader.tokenizer.eos_token_id not in row.ids


# ---- chat templates -----------------------------------------------------------------------------------------


def test_a_chat_template_frames_the_prompt_where_it_is_wanted(tmp_path: Path, folder: Path) -> None:
    talking = tiny_model(tmp_path / "talks", chat=True)
    wished = {wish: load(ModelRef(str(talking)), recipe=RECIPE, chat_template=wish) for wish in ("auto", "yes", "no")}
    prompt = [Prompt("Question: ", "what?", "\nLabel:")]
    read = {wish: model.reader.rows(prompt, ("A", "B"))[0] for wish, model in wished.items()}
    decoded = {wish: wished[wish].reader.tokenizer.decode(row.ids) for wish, row in read.items()}
    assert decoded["auto"] == decoded["yes"] == "<|user|>Question: what?\nLabel:<|end|><|assistant|>"
    assert decoded["no"] == "Question: what?\nLabel:"
    assert read["yes"].words != read["no"].words  # "A" begins a turn, " A" goes on with a text
    assert len({wished["yes"].digest, wished["no"].digest}) == 2
    base = talking.rename(tmp_path / "talks-Base")
    assert load(ModelRef(str(base)), recipe=RECIPE).reader.chat is False
    with pytest.raises(UserError, match='has no chat template: set chat_template = "no"'):
        load(ModelRef(str(folder)), recipe=RECIPE, chat_template="yes")


# ---- hidden states ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_hidden_states_are_means_over_the_answers_tokens(
    language: LanguageModel, plain: tuple[Any, Any], layer: int
) -> None:
    model, tokenizer = plain
    found = []
    for answer in pairs()[1][1:]:
        front = tokenizer(f"Question: {pairs()[1][0]}\nAnswer:")["input_ids"]
        end = tokenizer(" " + answer)["input_ids"]
        reached: list[Any] = []
        place = model.model.layers[layer - 1] if layer else model.model.embed_tokens
        handle = place.register_forward_hook(lambda _module, _inputs, output, keep=reached: keep.append(output))
        with torch.no_grad():
            model(input_ids=torch.tensor([front + end]))
        handle.remove()
        found.append(reached[0][0, len(front) :].mean(0).numpy())
    assert language.hidden(pairs()[:3], layer=layer)[1] == SURE(found[1] - found[0])
    assert language.hidden([("q", "good"), ("q", "bad")], layer=layer).shape == (2, language.width)


def test_a_layer_that_does_not_exist_is_refused(language: LanguageModel) -> None:
    with pytest.raises(UserError, match="layer must be 0 to 2 for this model, not 3"):
        language.hidden(pairs(), layer=3)


# ---- zero-shot ----------------------------------------------------------------------------------------------


def test_a_prior_is_the_mean_over_claims_and_orders(language: LanguageModel, plain: tuple[Any, Any]) -> None:
    margins = language.prior_margins(pairs())
    assert margins.shape == (len(CLAIMS[PAIR]), 24)
    assert language.prior(pairs()) == SURE(margins.mean(axis=0))
    assert language.prior([swapped(item) for item in pairs()]) == SURE(-language.prior(pairs()))
    claim = CLAIMS[PAIR][2]
    both = [
        margin(plain, "Question: {}\nAnswer A: {}\nAnswer B: {}\n".format(*each) + claim.ask, claim.words)
        for each in (pairs()[3], swapped(pairs()[3]))
    ]
    assert margins[2, 3] == SURE((both[0] - both[1]) / 2)


# ---- prompts of a method's own ------------------------------------------------------------------------------


def test_words_are_compared_after_any_prompt(language: LanguageModel, plain: tuple[Any, Any]) -> None:
    texts = ["the answer is", "I think that it is the"]
    expected: Floats = np.array([margin(plain, text, ("good", "bad")) for text in texts])
    assert language.compare(texts, ("good", "bad")) == SURE(expected)
    with pytest.raises(ResearcherError, match="does not tell 'A' from 'A' by one token"):
        language.compare(texts, ("A", "A"))


# ---- text ---------------------------------------------------------------------------------------------------


def test_text_is_the_likeliest_continuation(language: LanguageModel, plain: tuple[Any, Any]) -> None:
    model, tokenizer = plain
    prompts = ["the answer is", "Question: what is the sum of two and three?", "A good"]
    found = language.generate(prompts, tokens=6, temperature=0.0, seed=0)
    for prompt, text in zip(prompts, found, strict=True):
        ids = tokenizer(prompt)["input_ids"]
        for _ in range(6):
            with torch.no_grad():
                ids = [*ids, int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())]
        assert tokenizer.decode(ids, skip_special_tokens=True).startswith(prompt + text)
    assert language.generate(prompts[::-1], tokens=6, temperature=0.0, seed=0) == found[::-1]


def test_text_is_drawn_by_its_seed_and_written_by_a_student(language: LanguageModel) -> None:
    def write(seed: int, student: Tuned | None = None) -> list[str]:
        return language.generate(["the answer", "A"], tokens=8, temperature=1.0, seed=seed, student=student)

    assert write(1) == write(1) != write(2)
    tuned = language.finetune(pairs(), truth(), seed=0)
    assert write(1, tuned) != write(1)
    assert write(1) == write(1)  # and the model is as it was
    with pytest.raises(ResearcherError, match="one adapter only"):
        write(1, Tuned.ensemble([tuned, tuned]))
